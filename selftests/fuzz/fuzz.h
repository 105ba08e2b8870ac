/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fuzzer for /dev/ipcbox: what its parts share
 *
 * A *sequence* is a few processes and a list of calls, each made by one thread
 * of one of them. What calls there are, and what their arguments may be, is in
 * tables: calls.c (the commands of the ABI), transfers.c, descriptors.c and
 * uring.c (everything else that can be done with a descriptor), kinds.c (values
 * of arguments). A new command of the ABI is a row in the first, and perhaps a
 * kind of value in the last; generating, changing, printing, parsing and running
 * it follow from the row.
 *
 *	kinds.c		the values of one argument
 *	choose.c	which of them
 *	calls.c		the rows of ioctls
 *	ports.c		what is looked at when one of these has been made: on ports
 *	checks.c	and on messages
 *	connections.c	and on connections
 *	transfers.c	those of read() to epoll
 *	descriptors.c	those of dup() to fork()
 *	uring.c		those of io_uring
 *	rows.c		all of them, and those of the conductor
 *	generate.c	sequences from nothing
 *	mutate.c	and from others
 *	text.c		sequences as text
 *
 *	memory.c	good, odd and bad places for arguments
 *	ioctl.c		a row becomes an ioctl
 *	errors.c	which errno may come of which call
 *	ledger.c	every message that was sent, and what became of it
 *	events.c	and of what happens to them
 *	streams.c	and of bytes
 *	process.c	the processes and threads that make the calls
 *	world.c		users, namespaces, boxes, the kernel's log
 *	seats.c		processes that are kept
 *	conductor.c	one sequence, step by step
 *	ending.c	how its processes end
 *	oracle.c	what must be true of a port at any moment,
 *	rest.c		when everybody waits,
 *	final.c		and when all have ended,
 *	audit.c		of the ledger
 *
 *	cover.c		what of the module has run (KCOV)
 *	corpus.c	sequences that reached something new
 *	shrink.c	smaller sequences that do the same
 *	main.c		options, the loop
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define MAX_PROCESSES	4
#define MAX_THREADS	3	/* of one process */
#define NR_THREADS	(MAX_PROCESSES * MAX_THREADS)
#define CONDUCTOR	NR_THREADS	/* as struct call.thread */
#define MAX_SLOTS	12
#define MAX_CALLS	64
#define MAX_FIELDS	28
#define MAX_ERRORS	14
#define TEXT_SIZE	32768	/* of a printed sequence */

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

static inline unsigned int process_of(unsigned int thread)
{
	return thread / MAX_THREADS;
}

/* Numbers from a seed (splitmix64) */

struct rng {
	uint64_t state;
};

static inline uint64_t rng_next(struct rng *rng)
{
	uint64_t x = rng->state += 0x9e3779b97f4a7c15;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

static inline unsigned int rng_below(struct rng *rng, unsigned int n)
{
	return rng_next(rng) % n;
}

static inline bool rng_chance(struct rng *rng, unsigned int percent)
{
	return rng_below(rng, 100) < percent;
}

/* Values of arguments */

/**
 * struct value - a value that is worth a try
 * @value: value
 * @name: in the text; NULL to print the number
 * @weight: how often, among the others of its kind; of a bit, per cent
 */
struct value {
	uint64_t value;
	const char *name;
	unsigned int weight;
};

/**
 * struct kind - what an argument may be
 * @name: for messages
 * @bits: a set of bits, of which @values are the known ones
 * @values: the first is the default; ends with weight 0 and no name
 * @wild: how often any number at all, in per cent
 */
struct kind {
	const char *name;
	bool bits;
	unsigned int wild;
	const struct value *values;
};

uint64_t kind_default(const struct kind *kind);
uint64_t kind_generate(const struct kind *kind, struct rng *rng);
uint64_t kind_mutate(const struct kind *kind, struct rng *rng, uint64_t value);
void kind_print(const struct kind *kind, uint64_t value, char *text,
		size_t size);
bool kind_parse(const struct kind *kind, const char *text, uint64_t *value);

/* Calls */

enum slot_type {
	SLOT_NONE,
	SLOT_BOX,
	SLOT_HANDLE,
	SLOT_EPOLL,
	SLOT_ANY,	/* of a row: whatever there is */
};

/* Which of two lists of the module a call may wait in. */
enum waits { WAITS_NOT, WAITS_AS_SENDER, WAITS_AS_RECEIVER };

/* The fields that come first in every row, so that code can name them. */
enum {
	FIELD_SLOT,	/* the descriptor */
	FIELD_OUT,	/* where to put the descriptor that results */
	FIELD_OWN,	/* from here on those of the row */
};

/* Of ioctls, these come next. */
enum {
	FIELD_ARG = FIELD_OWN,	/* where the struct lies */
	FIELD_SIZE,		/* how long the caller says that it is */
	FIELD_COMMAND,		/* changes of the command's number */
	FIELD_ABI,		/* of 64-bit or of 32-bit programs */
	FIELD_STRUCT,		/* from here on those of the struct */
};

#define NO_OFFSET	0xffff	/* not in the struct */

/**
 * struct field - one argument
 * @name: in the text
 * @kind: what it may be
 * @offset: in the struct of an ioctl
 * @size: there
 * @role: what the code must know of it, see enum role
 */
struct field {
	const char *name;
	const struct kind *kind;
	uint16_t offset;
	uint8_t size;
	uint8_t role;
};

/*
 * A buffer is four fields in a row: where it lies, its length, into how many
 * segments it is cut (where the flags say so), what is wrong with the segments.
 */
enum role {
	ROLE_PLAIN,
	ROLE_FLAGS,
	ROLE_PAYLOAD,	/* first of the four of a message that is sent */
	ROLE_ROOM,	/* first of the four of a message that is received */
	ROLE_LENGTH,	/* second of either four */
	ROLE_TABLE,	/* a pointer to elements: their size and number follow */
	ROLE_NAME,	/* of a port */
	ROLE_PORT_ID,
	ROLE_DEADLINE,
	ROLE_PROCESS,
	ROLE_HELD,	/* id of a message that is held */
	ROLE_NESTED,	/* a pointer to a struct: its size follows */
	ROLE_FDS,	/* to descriptors that are sent: their number and an
			 * enum fd_what follow
			 */
	ROLE_FDS_ROOM,	/* to some that are received: their number follows */
};

struct context;

/**
 * struct row - a call, as the tables describe it
 * @name: in the text
 * @weight: how often, among all calls
 * @on: on which descriptors
 * @makes: what descriptor results
 * @waits: how it may wait in the module
 * @conductor: made by the conductor, not by a thread
 * @polls: waits for descriptors, and is not restarted after a signal
 * @cmd: of an ioctl
 * @fields: arguments; ends with no name
 * @errors: what may come of it; ends with 0
 * @run: makes the call
 * @check: looks at a call that has succeeded
 * @failed: looks at one that has failed
 */
struct row {
	const char *name;
	unsigned int weight;
	enum slot_type on;
	enum slot_type makes;
	enum waits waits;
	bool conductor;
	bool polls;
	unsigned int cmd;
	struct field fields[MAX_FIELDS];
	int16_t errors[MAX_ERRORS];
	void (*run)(struct context *ctx);
	void (*check)(struct context *ctx);
	void (*failed)(struct context *ctx);
};

const struct row *row_at(unsigned int i);
unsigned int row_index(const struct row *row);
const struct row *row_find(const char *name);
const struct row *row_choose(struct rng *rng, bool conductor);
int row_field(const struct row *row, const char *name);

/* The tables of rows. */
extern const struct row call_rows[], transfer_rows[], descriptor_rows[],
	uring_rows[];
extern const unsigned int call_rows_nr, transfer_rows_nr, descriptor_rows_nr,
	uring_rows_nr;

/* Sequences */

enum who { WHO_ROOT, WHO_ALICE, WHO_NESTED };
enum net { NET_OWN, NET_OTHER };

/**
 * struct process_spec - a process of a sequence
 * @who: user: root, alice, or root of a user namespace that is alice's
 * @net: network namespace: the user's own, or another
 * @new_pid: in a process namespace of its own
 * @forked: started by a `fork` call of another process
 */
struct process_spec {
	enum who who;
	enum net net;
	bool new_pid;
	bool forked;
};

static inline bool spec_equal(const struct process_spec *a,
			      const struct process_spec *b)
{
	return a->who == b->who && a->net == b->net &&
	       a->new_pid == b->new_pid && a->forked == b->forked;
}

/**
 * struct call - one call of a sequence
 * @row: which
 * @thread: whose: process * MAX_THREADS + thread, or CONDUCTOR
 * @together: begins when the one before it begins
 * @args: in the order of row->fields
 */
struct call {
	const struct row *row;
	uint8_t thread;
	bool together;
	uint64_t args[MAX_FIELDS];
};

/* How the processes of a sequence end. */
enum end { END_CALM, END_EXIT, END_KILL };

/**
 * struct sequence - what is run
 * @end: how its processes end
 * @nr_processes: in @processes
 * @nr_calls: in @calls
 * @processes: who makes the calls
 * @calls: in this order
 */
struct sequence {
	enum end end;
	unsigned int nr_processes;
	unsigned int nr_calls;
	struct process_spec processes[MAX_PROCESSES];
	struct call calls[MAX_CALLS];
};

void sequence_generate(struct sequence *seq, struct rng *rng);
void sequence_mutate(struct sequence *seq, struct rng *rng,
		     const struct sequence *other);
void sequence_remove(struct sequence *seq, unsigned int from, unsigned int nr);
bool sequence_equal(const struct sequence *a, const struct sequence *b);

size_t sequence_print(const struct sequence *seq, char *text, size_t size);
bool sequence_parse(struct sequence *seq, const char *text, char *why,
		    size_t size);
bool sequence_load(struct sequence *seq, const char *path);

#endif /* FUZZ_H */
