/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running a sequence: what the conductor and the processes share
 *
 * The conductor is the fuzzer's first process. It starts the other processes,
 * lets their threads make one step of the sequence after the other, and judges.
 * All of them see one struct shared. A process lives for many sequences, unless
 * it is killed, exits, or has changed in a way that cannot be undone.
 */
#ifndef FUZZ_RUN_H
#define FUZZ_RUN_H

#include <sched.h>
#include <signal.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <linux/ipcbox.h>

#include "fuzz.h"
#include "kinds.h"

#define MSEC		1000000ULL
#define SEC		1000000000ULL
#define PATIENCE	(20 * SEC)	/* then something hangs */
#define RESTARTED	SIGUSR1		/* SA_RESTART */
#define INTERRUPTED	SIGUSR2
#define ALICE		4001

/* The limits that the module is loaded with, so that they can be reached. */
#define MODULE_MAX_MSGSIZE	(256U << 10)

/* What went wrong. */
enum finding_kind {
	FINDING_NONE,
	FINDING_ERRNO,		/* an errno that cannot come of this call */
	FINDING_SUCCESS,	/* a success that cannot be */
	FINDING_PAYLOAD,	/* a message that is not as it was sent */
	FINDING_LOST,		/* a message that has vanished */
	FINDING_TWICE,		/* one that arrived twice, or had not been sent */
	FINDING_ORDER,
	FINDING_ID,		/* an id that was used before */
	FINDING_STAT,		/* numbers that cannot be */
	FINDING_WAKE,		/* a thread that waits for what is there */
	FINDING_LEAK,		/* ports, handles or a quota that stay */
	FINDING_HANG,		/* a process that does not end */
	FINDING_LOG,		/* a report in the kernel's log */
};

/**
 * struct finding - the first that went wrong in a sequence
 * @kind: enum finding_kind; who writes it may write the rest
 * @text: for people
 */
struct finding {
	uint32_t kind;
	char text[2048];
};

/* The ledger: each message, by its tag */

enum message_fate { FATE_OPEN, FATE_SENT, FATE_FAILED };
enum message_kind { MESSAGE_PLAIN, MESSAGE_REQUEST, MESSAGE_REPLY };

/* What the caller knows of a request: an enum ipcbox_outcome + 1, or 0. */
#define KNOWN_OUTCOME(outcome)	((outcome) + 1)

/**
 * struct message - a message that somebody has tried to send
 * @fate: what the sender was told, enum message_fate
 * @received: how often: a leased one is when it is acknowledged, a request when
 *	it is answered
 * @deliveries: how often somebody has got it to hold
 * @len: its length
 * @thread: the sender; CONDUCTOR if it cannot be said in which order
 * @priority: its priority
 * @kind: enum message_kind
 * @outcome: of a request: what its sender was told, see KNOWN_OUTCOME()
 * @place: its port in shared->places + 1; 0 if that is not known for sure
 * @type: its type
 * @id: its id; 0 if that is not known
 * @answers: of a reply: the id of the request
 * @asked: likewise, the request whose sender has got it: its tag + 1, or 0
 */
struct message {
	uint32_t fate;
	uint32_t received;
	uint32_t deliveries;
	uint32_t len;
	uint8_t thread;
	uint8_t priority;
	uint8_t kind;
	uint8_t outcome;
	uint16_t place;
	uint64_t type;
	uint64_t id;
	uint64_t answers;
	uint32_t asked;
};

/**
 * struct receipt - a message that somebody has received
 * @tag: index of the message; NO_TAG for a short one
 * @thread: the receiver
 * @priority: as it was told, if it was
 * @held: it stays with the receiver: leased, or a request
 * @done: the receiver is done with it, or it is back in line
 * @moved: it is a dead letter, or may be one, and was sent to another port
 * @place: the port in shared->places + 1; 0 if that is not known for sure
 * @handle: number of the handle; 0 if that is not known for sure
 * @id: as it was told; 0 if it was not
 * @whole: shared->nonce, when all of it has been entered
 */
struct receipt {
	uint32_t tag;
	uint8_t thread;
	uint8_t priority;
	bool held;
	bool done;
	bool moved;
	uint16_t place;
	uint16_t handle;
	uint64_t id;
	uint64_t whole;
};

/**
 * struct told - an event that has told of a receipt
 * @place: the port
 * @id: of the message
 * @whole: as of a receipt
 */
struct told {
	uint32_t place;
	uint64_t id;
	uint64_t whole;
};

#define MAX_TOLD	64

#define NO_TAG		0xffffffff
#define TAGGED_MIN	8	/* shorter messages have no room for a tag */

/**
 * struct port_place - a port, where messages may be
 * @key: the box and the id; 0 for an unused entry
 * @receivers: threads that have tried to receive, as bits
 * @unsure: a receiver has died, so one more message may be gone
 * @drained: there is no message in it any more
 * @sharing: enum ipcbox_sharing + 1; 0 if that is not known
 * @partner: of two ways: the port of the other one, likewise
 * @closed: IPCBOX_RIGHT_SEND: nothing more is sent there; IPCBOX_RIGHT_RECV:
 *	nothing more is received from there
 * @ended: a receiver was told that nothing more comes
 * @written: of a stream: so many bytes
 * @read: likewise
 */
struct port_place {
	uint64_t key;
	uint32_t receivers;
	uint32_t unsure;
	uint32_t drained;
	uint32_t sharing;
	uint32_t partner;
	uint32_t closed;
	uint32_t ended;
	uint64_t written;
	uint64_t read;
};

#define MAX_MESSAGES	4096
#define MAX_RECEIPTS	8192
#define MAX_PLACES	256
#define MAX_PORTS	128
#define MAX_HANDLES	256

/* Threads and processes */

/* struct worker.go: the round, and how many steps may be made, or one of these. */
#define GO_ROUND	8
#define GO_STEPS	0xff
#define GO_EXIT		0xfd	/* the process ends itself */
#define GO_CLEAN	0xfe	/* the first thread closes everything */
#define GO_QUIT		0xff	/* no more calls */

/**
 * struct worker - a thread that waits for something to do
 * @go: what it may do; a futex
 * @idle: go, when it has done what that says
 * @tid: in the conductor's namespace; 0 if there is no such thread
 */
struct worker {
	uint32_t go;
	uint32_t idle;
	int32_t tid;
};

/**
 * struct seat - a process that waits for something to do
 * @process: which one of the sequence it is
 * @pid: in the conductor's namespace; 0 if there is no such process
 * @spoiled: not to be used again
 * @workers: its threads
 */
struct seat {
	uint32_t process;
	int32_t pid;
	uint32_t spoiled;
	struct worker workers[MAX_THREADS];
};

#define MAX_SEATS	16

/**
 * struct thread_state - a thread of the sequence
 * @at: calls that it is past: index of the last one + 1
 * @busy: index of the call that it is in + 1; 0 between calls
 * @place: the port of that call, if it is on a handle
 * @fd: the descriptor of that call
 * @interrupts: signals that were to interrupt it
 * @results: of its calls: 1 for a success, or -errno; 0 if not made
 */
struct thread_state {
	uint32_t at;
	uint32_t busy;
	uint32_t place;
	int32_t fd;
	uint32_t interrupts;
	int16_t results[MAX_CALLS];
};

/**
 * struct process_state - a process of the sequence
 * @seat: index in shared->seats
 * @forks: attempts to fork it
 * @forking: somebody does
 */
struct process_state {
	uint32_t seat;
	uint32_t forks;
	uint32_t forking;
};

/**
 * struct shared - the memory that all processes share
 * @progress: changes whenever a thread has come to the end of a step; a futex
 * @hidden: boxes that the conductor does not see
 * @aside: requests to io_uring that may wait in threads of the kernel
 * @strayed: something may have been sent to another port than it was meant for
 * @odd_bytes: bytes came from a stream that nobody was to write there; how many
 * @disorder: it is not certain who has received from where
 * @unsure: nor is it of any port that none of its messages is gone
 * @nr_messages: in @messages, or more
 * @nr_receipts: in @receipts, or more
 * @nr_told: in @told, or more
 * @nr_ports: in @ports, or more
 * @nr_handles: in @handles, or more
 * @nonce: in no other sequence the same
 * @last_port: id of the newest port
 * @seq: what is run
 * @step: of each call
 * @finding: what is wrong
 * @threads: of the sequence
 * @processes: of the sequence
 * @seats: where they come from
 * @ports: ids of the ports made
 * @handles: threads that have tried to receive from each, as bits
 * @produces: whether each is on the producer's side of a lane
 * @places: ports that messages were sent to, a hash table
 * @messages: the ledger, by tag
 * @receipts: who has received what, in this order
 * @told: who has been told that it was, likewise
 */
struct shared {
	uint32_t progress;
	uint32_t hidden;
	uint32_t aside;
	uint32_t strayed;
	uint32_t odd_bytes;
	uint32_t disorder;
	uint32_t unsure;
	uint32_t nr_messages;
	uint32_t nr_receipts;
	uint32_t nr_told;
	uint32_t nr_ports;
	uint32_t nr_handles;
	uint64_t nonce;
	uint64_t last_port;
	struct sequence seq;
	uint8_t step[MAX_CALLS];
	struct finding finding;
	struct thread_state threads[NR_THREADS];
	struct process_state processes[MAX_PROCESSES];
	struct seat seats[MAX_SEATS];
	uint64_t ports[MAX_PORTS];
	uint32_t handles[MAX_HANDLES];
	uint32_t produces[MAX_HANDLES];
	struct port_place places[MAX_PLACES];
	struct message messages[MAX_MESSAGES];
	struct receipt receipts[MAX_RECEIPTS];
	struct told told[MAX_TOLD];
};

extern struct shared *shared;

void find(enum finding_kind kind, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
const char *finding_name(enum finding_kind kind);

/* Descriptors, memory and calls of one process */

/**
 * struct slot - a descriptor that calls can name
 * @fd: -1 for none
 * @type: what it is
 * @kind: of a handle: enum ipcbox_kind of its port, or KIND_UNKNOWN
 * @place: of a handle: index in shared->places + 1; 0 if not known
 * @crossed: it sends to the partner of its place
 * @handle: index in shared->handles + 1, the same for all its descriptors;
 *	0 if not known
 */
struct slot {
	int fd;
	enum slot_type type;
	uint32_t kind;
	uint32_t place;
	bool crossed;
	uint32_t handle;
};

#define MAX_BUFFERS	2

/**
 * struct buffer - memory that a call names
 * @place: where it is
 * @window: of memory_place(), likewise
 * @start: address
 * @len: how long it is said to be
 * @good: so many bytes from the start on can be used
 * @cut: into segments
 * @spoilt: by its segments: no call can succeed
 * @array: address of the segments
 * @nr: their number
 */
struct buffer {
	enum place place;
	unsigned int window;
	uint64_t start;
	uint64_t len;
	uint64_t good;
	bool cut;
	bool spoilt;
	uint64_t array;
	uint64_t nr;
};

/**
 * struct context - a call that is being made
 * @thread: who makes it
 * @local: index of the thread in its process
 * @call: what the sequence says
 * @row: what the table says of it
 * @state: of the thread
 * @slot: the descriptor, as it was when the call began
 * @steady: no descriptor of the process has changed meanwhile
 * @closed: what was closed for it when it began, see connection_closed()
 * @arg_good: the struct of an ioctl is where it can be read and written
 * @arg_whole: and all of it
 * @arg_size: how much of it the module has seen
 * @next_good: likewise, the struct to which that of a reply points
 * @next_whole: and all of it
 * @memory_bad: some other memory is not
 * @nr_buffers: in @buffers
 * @buffers: memory that the call names
 * @payload: buffer of a message that is sent
 * @room: buffer of a message that is received
 * @fds: memory of descriptors, sent or received; NULL if there is none
 * @tag: of a message that is sent
 * @message_id: likewise, 0 if that is not known
 * @fate: likewise; a call that has failed may have sent it
 * @ret: result, or -errno
 * @arg: struct of an ioctl, before and after
 */
struct context {
	unsigned int thread;
	unsigned int local;
	const struct call *call;
	const struct row *row;
	struct thread_state *state;
	struct slot slot;
	bool steady;
	uint32_t closed;
	bool arg_good;
	bool arg_whole;
	unsigned int arg_size;
	bool next_good;
	bool next_whole;
	bool memory_bad;
	unsigned int nr_buffers;
	struct buffer buffers[MAX_BUFFERS];
	const struct buffer *payload;
	const struct buffer *room;
	const struct buffer *fds;
	uint32_t tag;
	uint64_t message_id;
	enum message_fate fate;
	long ret;
	union {
		uint8_t bytes[512];
		struct ipcbox_info info;
		struct ipcbox_port_create port_create;
		struct ipcbox_port_open port_open;
		struct ipcbox_port_list port_list;
		struct ipcbox_user_list user_list;
		struct ipcbox_inbox inbox;
		struct ipcbox_pipe pipe;
		struct ipcbox_ring_attach ring_attach;
		struct ipcbox_stat stat;
		struct ipcbox_send send;
		struct ipcbox_recv recv;
		struct ipcbox_ack ack;
		struct ipcbox_call call;
		struct ipcbox_connect connect;
		struct ipcbox_accept accept;
		struct ipcbox_refuse refuse;
		struct ipcbox_shutdown shutdown;
		struct {
			struct ipcbox_reply reply;
			struct ipcbox_recv next;
		};
	} arg;
};

/* The port that the call is on, in shared->places + 1; 0 if that is not known. */
static inline uint32_t context_place(const struct context *ctx)
{
	return ctx->slot.type == SLOT_HANDLE ? ctx->slot.place : 0;
}

/* May it be on a port of this kind? */
static inline bool context_may_be(const struct context *ctx, uint32_t kind)
{
	return ctx->slot.type == SLOT_HANDLE &&
	       (ctx->slot.kind == kind || ctx->slot.kind == KIND_UNKNOWN);
}

/* memory.c; a thread has a second window for a second thing of the same kind. */
#define SECOND(local)	((local) + MAX_THREADS)
void memory_init(void);
uint64_t memory_place(unsigned int local, enum place place, uint64_t len,
		      bool write, uint64_t *good);
void memory_seal(unsigned int local, enum place place);
uint64_t memory_arg(unsigned int local, enum place place, const void *arg,
		    size_t known, size_t size, uint8_t rest);
struct buffer *buffer_make(struct context *ctx, unsigned int field, bool cut,
			   bool compat);

/* ioctl.c */
void ioctl_run(struct context *ctx);

/* errors.c */
bool sequence_has(const char *row, const char *field, uint64_t bits);
bool sequence_has_value(const char *row, const char *field, uint64_t value);
bool sequence_streams(void);
bool sequence_connects(void);
void errors_check(struct context *ctx);

/* ledger.c */
uint32_t place_of(unsigned int box, uint64_t port);
unsigned int place_box(uint32_t place);
void payload_fill(void *to, uint64_t len, uint64_t room, uint32_t tag);
bool payload_check(const void *data, uint64_t len, uint32_t *tag);
uint32_t ledger_send(unsigned int thread, uint64_t len, uint64_t type,
		     uint8_t priority);
void ledger_sent(uint32_t tag, enum message_fate fate, uint32_t place,
		 uint64_t id);
void ledger_received(struct receipt *receipt, const void *data, uint64_t len,
		     bool peek);
void ledger_answered(const struct context *ctx, const void *data, uint64_t len,
		     uint64_t type, uint64_t request);
uint64_t ledger_held(uint32_t place, unsigned int n);
void ledger_done(uint32_t place, uint64_t id, bool received);
bool place_may_broadcast(uint32_t place);

/* events.c */
bool event_is(const void *data, uint64_t len);
void event_received(const struct context *ctx, const struct ipcbox_recv *recv);

/* streams.c */
void stream_fill(void *to, uint64_t len, unsigned int thread);
bool stream_is(const void *data, uint64_t len);
void stream_sent(const struct context *ctx, uint64_t len);
void stream_received(const struct context *ctx, uint64_t len, bool of_one);
void streams_check(void);

/* connections.c */
void places_join(uint32_t a, uint32_t b);
uint32_t context_out(const struct context *ctx);
uint32_t connection_closed(const struct context *ctx);

/* process.c */
extern struct seat *process_seat;
extern unsigned int process_box;
extern int process_first_fd;
void process_main(struct seat *seat, const struct process_spec *spec)
	__attribute__((noreturn));
long process_fork(unsigned int child);
struct slot slot_get(unsigned int slot);
void slot_put(unsigned int slot, const struct slot *new);
void payload_enter(struct context *ctx, struct buffer *buffer, uint64_t type,
		   uint8_t priority);

/* uring.c */
void uring_end(void);
void uring_forget(void);

/* world.c */
#define NR_BOXES	3
extern int world_box[NR_BOXES];
extern int world_file;
extern int world_inbox[MAX_PROCESSES][2];
void world_init(void);
bool world_become(const struct process_spec *spec);
pid_t world_fork(const struct process_spec *spec);
unsigned int world_box_of(const struct process_spec *spec);
void world_info(unsigned int box, uid_t uid, struct ipcbox_info *info);
bool world_log(char *text, size_t size);
void world_log_skip(void);
bool world_lockdep_works(void);

/* seats.c */
void seats_take(const struct sequence *seq, uint32_t round);
struct seat *seat_of(unsigned int process);
bool seat_alive(unsigned int process);
void seat_kill(unsigned int process, int sig);
void seats_release(void);
void seats_end(void);

/* oracle.c */
void oracle_stat(const struct ipcbox_stat *stat);
void oracle_rights(int handle);
bool oracle_permits(const struct ipcbox_stat *stat, uint32_t rights);
void oracle_ports(void);

/* rest.c */
void oracle_rest(void);

/* final.c */
void oracle_end(void);
void oracle_hurry(void);

/* conductor.c */

/**
 * struct run_result - what came of running a sequence
 * @found: something is wrong, see @finding
 * @dead: nothing more can be run in this machine
 * @calls: system calls that were made
 * @finding: what is wrong
 */
struct run_result {
	bool found;
	bool dead;
	unsigned int calls;
	struct finding finding;
};

void conductor_init(void);
void conductor_run(const struct sequence *seq, struct run_result *result);

/* Time and waiting */
uint64_t now_ns(void);
void futex_wake(uint32_t *word, int nr);
void futex_wait(uint32_t *word, uint32_t value, uint64_t ns);
void sleep_ns(uint64_t ns);
void *shared_memory(size_t size);

/* Held for a few instructions only, and never by a thread that is killed alone. */
static inline void lock(uint32_t *word)
{
	while (__atomic_exchange_n(word, 1, __ATOMIC_ACQUIRE))
		sched_yield();
}

static inline void unlock(uint32_t *word)
{
	__atomic_store_n(word, 0, __ATOMIC_RELEASE);
}

#define load(p)		__atomic_load_n(p, __ATOMIC_SEQ_CST)
#define store(p, v)	__atomic_store_n(p, v, __ATOMIC_SEQ_CST)
#define add(p, v)	__atomic_fetch_add(p, v, __ATOMIC_SEQ_CST)

#endif /* FUZZ_RUN_H */
