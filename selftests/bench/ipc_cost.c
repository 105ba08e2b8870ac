// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a message costs, through ipcbox and through its peers
 *
 * Times three things, each over every transport that can do it:
 *
 *	round trip	two processes on one CPU: each message is waited for, and
 *			answered by one of the same length
 *	send + receive	one process, nothing ever blocks
 *	one way		two processes: a long message, answered by one byte
 *	reply		two processes: a byte, answered by a long message
 *
 * The unit is a nanosecond of CLOCK_MONOTONIC. Where the emulator counts
 * instructions as time (scripts/bench-instructions) it is one instruction, and
 * every run says the same; on a real machine it is real time.
 *
 * The processes run as SCHED_BATCH, so that whoever is woken does not preempt
 * its waker: both sides of a round trip block, each time. As SCHED_OTHER they do
 * or do not preempt, as their past decides; where they do, the answer is there
 * before it is waited for, and a round trip costs one block and wake-up less:
 * --preempt makes that so each time.
 *
 * A transport is a row of a table, and so is a thing to measure. Each figure is
 * the median of several repetitions, with their spread beside it.
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define KIB		1024UL
#define MIB		(1024UL * KIB)
#define PAYLOAD_MAX	(4 * MIB)
#define REPEATS_MAX	64

/**
 * struct channel - one direction between two processes
 * @tx: to send on; a descriptor, or an id
 * @rx: to receive from
 */
struct channel {
	int tx;
	int rx;
};

/**
 * struct transport - a way to get a payload from one place to another
 * @name: as shown
 * @min: shortest payload that it carries
 * @max: longest
 * @meets: a send waits for its receiver, so one process alone cannot do both
 * @open: makes a channel in each direction
 * @send: sends all of a payload, waiting for room
 * @receive: receives all of it, waiting for it
 * @close: of what close(2) does not close; may be NULL
 * @ask: instead of these, a request that waits for its reply
 * @answer: and what answers it
 * @call: instead of all these, a call that a single process makes
 */
struct transport {
	const char *name;
	size_t min;
	size_t max;
	bool meets;
	void (*open)(struct channel channel[2]);
	void (*send)(int tx, const void *data, size_t len);
	void (*receive)(int rx, void *data, size_t len);
	void (*close)(struct channel *channel);
	void (*ask)(int tx, size_t ping, size_t pong);
	void (*answer)(int rx, size_t ping, size_t pong);
	void (*call)(size_t len);
};

/* Payloads. In front of each there is room for the type that SysV wants. */

static char *outgoing, *incoming;

static char *payload_new(void)
{
	char *memory = mmap(NULL, PAYLOAD_MAX + 4096, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		DIE("mmap");
	memset(memory, 'i', PAYLOAD_MAX + 4096);
	return memory + 4096;
}

/* Anything with read() and write() */

static void fd_send(int tx, const void *data, size_t len)
{
	if (write(tx, data, len) != (ssize_t)len)
		DIE("write");
}

static void message_receive(int rx, void *data, size_t len)
{
	if (read(rx, data, len) != (ssize_t)len)
		DIE("read");
}

static void stream_receive(int rx, void *data, size_t len)
{
	ssize_t n;

	for (; len; len -= n, data += n) {
		n = read(rx, data, len);
		if (n <= 0)
			DIE("read");
	}
}

static void pipe_open(struct channel channel[2])
{
	int i, fd[2];

	for (i = 0; i < 2; i++) {
		if (pipe(fd))
			DIE("pipe");
		channel[i] = (struct channel){ .tx = fd[1], .rx = fd[0] };
	}
}

static void socket_open(struct channel channel[2], int type)
{
	int fd[2];

	if (socketpair(AF_UNIX, type, 0, fd))
		DIE("socketpair");
	channel[0] = (struct channel){ .tx = fd[0], .rx = fd[1] };
	channel[1] = (struct channel){ .tx = fd[1], .rx = fd[0] };
}

static void stream_open(struct channel channel[2])
{
	socket_open(channel, SOCK_STREAM);
}

static void seqpacket_open(struct channel channel[2])
{
	socket_open(channel, SOCK_SEQPACKET);
}

static void eventfd_open(struct channel channel[2])
{
	int i, fd;

	for (i = 0; i < 2; i++) {
		fd = eventfd(0, 0);
		if (fd < 0)
			DIE("eventfd");
		channel[i] = (struct channel){ .tx = fd, .rx = fd };
	}
}

/* What is added to the counter must not be ~0; the payload is small letters. */
static void eventfd_send(int tx, const void *data, size_t len)
{
	fd_send(tx, data, len);
}

/* ipcbox */

static void ipcbox_open_ports(struct channel channel[2], uint64_t max_messages)
{
	int i, fd;

	for (i = 0; i < 2; i++) {
		fd = bench_port(max_messages, NULL);
		channel[i] = (struct channel){ .tx = fd, .rx = fd };
	}
}

static void ipcbox_open(struct channel channel[2])
{
	ipcbox_open_ports(channel, IPCBOX_UNLIMITED);
}

static void rendezvous_open(struct channel channel[2])
{
	ipcbox_open_ports(channel, 0);
}

static void ipcbox_send(int tx, const void *data, size_t len)
{
	struct ipcbox_send arg = { .data = (uintptr_t)data, .len = len };

	if (ioctl(tx, IPCBOX_SEND, &arg))
		DIE("IPCBOX_SEND");
}

static void ipcbox_receive(int rx, void *data, size_t len)
{
	struct ipcbox_recv arg = { .data = (uintptr_t)data, .len = len };

	if (ioctl(rx, IPCBOX_RECV, &arg) || arg.msg_len != len)
		DIE("IPCBOX_RECV");
}

static void ipcbox_ask(int tx, size_t ping, size_t pong)
{
	struct ipcbox_call arg = {
		.data = (uintptr_t)outgoing,
		.len = ping,
		.reply = (uintptr_t)incoming,
		.reply_size = pong,
	};

	if (ioctl(tx, IPCBOX_CALL, &arg) || arg.reply_len != pong)
		DIE("IPCBOX_CALL");
}

/* Replies to the last request, unless this is the first, and gets the next. */
static void ipcbox_answer(int rx, size_t ping, size_t pong)
{
	static uint64_t last;
	struct ipcbox_recv next = { .data = (uintptr_t)incoming, .len = ping };
	struct ipcbox_reply arg = {
		.id = last,
		.data = (uintptr_t)outgoing,
		.len = pong,
		.recv = (uintptr_t)&next,
		.recv_size = sizeof(next),
	};

	if (ioctl(rx, IPCBOX_REPLY, &arg) || next.msg_len != ping)
		DIE("IPCBOX_REPLY");
	last = next.msg_id;
}

/* POSIX and System V message queues */

#define MQ_SIZE		8192UL

static void mq_open_both(struct channel channel[2])
{
	struct mq_attr attr = { .mq_maxmsg = 10, .mq_msgsize = MQ_SIZE };
	mqd_t mq;
	int i;

	for (i = 0; i < 2; i++) {
		mq = mq_open("/ipc_cost", O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
		if (mq < 0)
			DIE("mq_open");
		mq_unlink("/ipc_cost");
		channel[i] = (struct channel){ .tx = mq, .rx = mq };
	}
}

static void mq_send_all(int tx, const void *data, size_t len)
{
	if (mq_send(tx, data, len, 0))
		DIE("mq_send");
}

static void mq_receive_all(int rx, void *data, size_t len)
{
	if (mq_receive(rx, data, MQ_SIZE, NULL) != (ssize_t)len)
		DIE("mq_receive");
}

static void sysv_open(struct channel channel[2])
{
	int i, id;

	for (i = 0; i < 2; i++) {
		id = msgget(IPC_PRIVATE, 0600);
		if (id < 0)
			DIE("msgget");
		channel[i] = (struct channel){ .tx = id, .rx = id };
	}
}

static void sysv_send(int tx, const void *data, size_t len)
{
	long *msg = (long *)data - 1;

	*msg = 1;
	if (msgsnd(tx, msg, len, 0))
		DIE("msgsnd");
}

static void sysv_receive(int rx, void *data, size_t len)
{
	if (msgrcv(rx, (long *)data - 1, len, 0, 0) != (ssize_t)len)
		DIE("msgrcv");
}

static void sysv_close(struct channel *channel)
{
	msgctl(channel->tx, IPC_RMID, NULL);
}

/* Single calls, for scale */

static void empty_call(size_t len)
{
	(void)len;
	syscall(SYS_getppid);
}

static pid_t vm_peer;

static void vm_readv_call(size_t len)
{
	struct iovec local = { .iov_base = incoming, .iov_len = len };
	struct iovec remote = { .iov_base = outgoing, .iov_len = len };

	if (process_vm_readv(vm_peer, &local, 1, &remote, 1, 0) != (ssize_t)len)
		DIE("process_vm_readv");
}

static void memcpy_call(size_t len)
{
	memcpy(incoming, outgoing, len);
	/* Or the compiler leaves it out. */
	__asm__ volatile("" : : "r"(incoming) : "memory");
}

static const struct transport transports[] = {
	{
		.name = "ipcbox read/write", .max = 16 * MIB,
		.open = ipcbox_open, .send = fd_send,
		.receive = message_receive,
	}, {
		.name = "ipcbox SEND/RECV", .max = 16 * MIB,
		.open = ipcbox_open, .send = ipcbox_send,
		.receive = ipcbox_receive,
	}, {
		.name = "ipcbox rendezvous", .max = 16 * MIB, .meets = true,
		.open = rendezvous_open, .send = fd_send,
		.receive = message_receive,
	}, {
		.name = "ipcbox CALL", .max = 16 * MIB, .meets = true,
		.open = rendezvous_open, .ask = ipcbox_ask,
		.answer = ipcbox_answer,
	}, {
		.name = "POSIX mq", .max = MQ_SIZE,
		.open = mq_open_both, .send = mq_send_all,
		.receive = mq_receive_all,
	}, {
		.name = "SysV msg", .max = MQ_SIZE,
		.open = sysv_open, .send = sysv_send,
		.receive = sysv_receive, .close = sysv_close,
	}, {
		.name = "pipe", .max = SIZE_MAX,
		.open = pipe_open, .send = fd_send,
		.receive = stream_receive,
	}, {
		.name = "UNIX SEQPACKET", .max = 128 * KIB,
		.open = seqpacket_open, .send = fd_send,
		.receive = message_receive,
	}, {
		.name = "UNIX stream", .max = SIZE_MAX,
		.open = stream_open, .send = fd_send,
		.receive = stream_receive,
	}, {
		.name = "eventfd (8 B)", .min = 8, .max = 8,
		.open = eventfd_open, .send = eventfd_send,
		.receive = message_receive,
	}, {
		.name = "process_vm_readv", .min = MIB, .max = SIZE_MAX,
		.call = vm_readv_call,
	}, {
		.name = "memcpy", .min = MIB, .max = SIZE_MAX,
		.call = memcpy_call,
	}, {
		.name = "empty system call", .max = 64,
		.call = empty_call,
	},
};

/**
 * struct measure - something to measure
 * @name: as shown at the head of its column
 * @ping: length of the message
 * @pong: length of the answer; 0 if there is none and no second process
 * @weight: how many rounds of 64 bytes a round of this is worth
 */
struct measure {
	const char *name;
	size_t ping;
	size_t pong;
	unsigned int weight;
};

static const struct measure measures[] = {
	{ "round trip 64 B", 64, 64, 1 },
	{ "round trip 4 KiB", 4 * KIB, 4 * KIB, 1 },
	{ "send+receive 64 B", 64, 0, 1 },
	{ "send+receive 4 KiB", 4 * KIB, 0, 1 },
	{ "one way 1 MiB", MIB, 1, 40 },
	{ "reply 1 MiB", 1, MIB, 40 },
};

/* For finding the length from which pinning pays. */
static const struct measure lengths[] = {
	{ "1 KiB", 1 * KIB, 1, 1 },
	{ "4 KiB", 4 * KIB, 1, 1 },
	{ "8 KiB", 8 * KIB, 1, 1 },
	{ "12 KiB", 12 * KIB, 1, 1 },
	{ "16 KiB", 16 * KIB, 1, 1 },
	{ "24 KiB", 24 * KIB, 1, 2 },
	{ "32 KiB", 32 * KIB, 1, 2 },
	{ "64 KiB", 64 * KIB, 1, 4 },
	{ "128 KiB", 128 * KIB, 1, 8 },
	{ "256 KiB", 256 * KIB, 1, 10 },
	{ "1 MiB", MIB, 1, 40 },
	{ "4 MiB", 4 * MIB, 1, 100 },
};

/* What the command line says */

static struct {
	unsigned int rounds;
	unsigned int repeats;
	const char *only;
	int policy;
	const struct measure *measures;
	size_t nr_measures;
	bool preempt;
	bool json;
} options = {
	.rounds = 400,
	.repeats = 5,
	.policy = SCHED_BATCH,
	.measures = measures,
	.nr_measures = ARRAY_SIZE(measures),
};

/**
 * struct figure - a result
 * @median: nanoseconds for one operation
 * @least: in the best repetition
 * @most: in the worst
 */
struct figure {
	double median;
	double least;
	double most;
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static struct figure figure_of(double *samples, unsigned int n)
{
	qsort(samples, n, sizeof(*samples), compare);
	return (struct figure){
		.median = samples[n / 2],
		.least = samples[0],
		.most = samples[n - 1],
	};
}

/* One operation of a transport on its two channels */

/**
 * struct run - a measurement that runs
 * @transport: of which transport
 * @ping: length of the message
 * @pong: length of the answer
 * @channel: there, and back
 */
struct run {
	const struct transport *transport;
	size_t ping;
	size_t pong;
	struct channel channel[2];
};

static void run_there(const struct run *run)
{
	run->transport->send(run->channel[0].tx, outgoing, run->ping);
}

static void run_arrival(const struct run *run)
{
	run->transport->receive(run->channel[0].rx, incoming, run->ping);
}

static void run_back(const struct run *run)
{
	run->transport->send(run->channel[1].tx, outgoing, run->pong);
}

static void run_return(const struct run *run)
{
	run->transport->receive(run->channel[1].rx, incoming, run->pong);
}

static void op_round_trip(const struct run *run)
{
	run_there(run);
	run_return(run);
}

static void op_answer(const struct run *run)
{
	run_arrival(run);
	run_back(run);
}

static void op_alone(const struct run *run)
{
	run_there(run);
	run_arrival(run);
}

static void op_ask(const struct run *run)
{
	run->transport->ask(run->channel[0].tx, run->ping, run->pong);
}

static void op_serve(const struct run *run)
{
	run->transport->answer(run->channel[0].rx, run->ping, run->pong);
}

static void op_call(const struct run *run)
{
	run->transport->call(run->ping);
}

typedef void (*operation)(const struct run *run);

static operation run_operation(const struct run *run)
{
	if (run->transport->call)
		return op_call;
	if (run->transport->ask)
		return op_ask;
	return run->pong ? op_round_trip : op_alone;
}

static void set_policy(int policy)
{
	struct sched_param param = { .sched_priority = policy == SCHED_FIFO };

	if (sched_setscheduler(0, policy, &param))
		DIE("sched_setscheduler");
}

static pid_t run_fork_answerer(const struct run *run)
{
	pid_t pid = fork();

	if (pid < 0)
		DIE("fork");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (options.preempt)
		set_policy(SCHED_FIFO);
	for (;;)
		run->transport->answer ? op_serve(run) : op_answer(run);
}

static pid_t fork_sleeper(void)
{
	pid_t pid = fork();

	if (pid < 0)
		DIE("fork");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

static void run_close(struct run *run)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (run->transport->close) {
			run->transport->close(&run->channel[i]);
			continue;
		}
		close(run->channel[i].tx);
		close(run->channel[i].rx);
	}
}

/* The first repetition is for warming up and does not count. */
static struct figure run_time(const struct run *run, unsigned int rounds)
{
	operation once = run_operation(run);
	double samples[REPEATS_MAX];
	unsigned int repeat, i;
	uint64_t start;

	for (repeat = 0; repeat <= options.repeats; repeat++) {
		start = now_ns();
		for (i = 0; i < rounds; i++)
			once(run);
		if (repeat)
			samples[repeat - 1] = (double)(now_ns() - start) / rounds;
	}
	return figure_of(samples, options.repeats);
}

static struct figure run_measure(struct run *run, unsigned int rounds)
{
	struct figure figure;
	pid_t answerer = 0;

	if (run->transport->call) {
		vm_peer = fork_sleeper();
		answerer = vm_peer;
	} else {
		run->transport->open(run->channel);
		if (run->pong)
			answerer = run_fork_answerer(run);
	}
	figure = run_time(run, rounds);
	if (answerer) {
		kill(answerer, SIGKILL);
		waitpid(answerer, NULL, 0);
	}
	if (!run->transport->call)
		run_close(run);
	return figure;
}

/* A counter carries 8 bytes, whatever the column says: shown under 64 B. */
static bool measurable(const struct transport *transport,
		       const struct measure *measure)
{
	if (transport->call)
		return measure->ping >= transport->min &&
		       measure->ping <= transport->max && measure->pong <= 1;
	if (transport->meets && !measure->pong)
		return false;
	if (transport->min && transport->min == transport->max)
		return measure->ping == 64 && measure->pong == 64;
	return measure->ping <= transport->max && measure->pong <= transport->max;
}

static struct figure measure_one(const struct transport *transport,
				 const struct measure *measure)
{
	bool fixed = transport->min == transport->max;
	struct run run = {
		.transport = transport,
		.ping = fixed ? transport->min : measure->ping,
		.pong = fixed && measure->pong ? transport->min : measure->pong,
	};
	unsigned int rounds = options.rounds / measure->weight;

	return run_measure(&run, rounds ?: 1);
}

/* Output */

static void show_head(void)
{
	size_t i;

	if (options.json) {
		printf("[\n");
		return;
	}
	printf("ns per operation: median of %u repetitions of %u rounds (longer ones fewer), and spread\n",
	       options.repeats, options.rounds);
	printf("%-20s", "");
	for (i = 0; i < options.nr_measures; i++)
		printf(" %20s", options.measures[i].name);
	printf("\n");
}

static void show_text(const struct figure *figure)
{
	char cell[64];

	if (!figure) {
		printf(" %20s", "-");
	} else {
		snprintf(cell, sizeof(cell), "%.0f %4.1f%%", figure->median,
			 100 * (figure->most - figure->least) / figure->median);
		printf(" %20s", cell);
	}
	fflush(stdout);
}

static void show_json(const struct transport *transport,
		      const struct measure *measure, const struct figure *figure)
{
	static const char *separator = "";

	if (!figure)
		return;
	printf("%s  {\"transport\": \"%s\", \"measure\": \"%s\", \"bytes\": %zu, \"median\": %.1f, \"min\": %.1f, \"max\": %.1f}",
	       separator, transport->name, measure->name, measure->ping,
	       figure->median, figure->least, figure->most);
	separator = ",\n";
}

static void show(const struct transport *transport,
		 const struct measure *measure, const struct figure *figure)
{
	if (options.json)
		show_json(transport, measure, figure);
	else
		show_text(figure);
}

static void measure_transport(const struct transport *transport)
{
	const struct measure *measure = options.measures;
	struct figure figure;
	size_t i;

	if (options.only && !strstr(transport->name, options.only))
		return;
	if (!options.json)
		printf("%-20s", transport->name);
	for (i = 0; i < options.nr_measures; i++, measure++) {
		if (!measurable(transport, measure)) {
			show(transport, measure, NULL);
			continue;
		}
		figure = measure_one(transport, measure);
		show(transport, measure, &figure);
	}
	if (!options.json)
		printf("\n");
}

static void set_scheduling(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		DIE("sched_setaffinity");
	set_policy(options.policy);
}

static void usage(FILE *to)
{
	fprintf(to,
		"usage: ipc_cost [OPTION]...\n"
		"  --rounds N    rounds of a repetition (default %u)\n"
		"  --repeats N   repetitions that count (default %u, at most %d)\n"
		"  --only TEXT   only transports with TEXT in their names\n"
		"  --policy P    batch, other or fifo (default batch)\n"
		"  --preempt     the one that answers preempts the one that asks\n"
		"  --lengths     one way, by the length of the message\n"
		"  --json        for programs\n",
		options.rounds, options.repeats, REPEATS_MAX);
}

static unsigned int number(const char *text, unsigned int most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || !n || n > most)
		errx(EXIT_FAILURE, "%s: not a number from 1 to %u", text, most);
	return n;
}

static int policy(const char *name)
{
	static const struct {
		const char *name;
		int policy;
	} known[] = {
		{ "other", SCHED_OTHER },
		{ "batch", SCHED_BATCH },
		{ "fifo", SCHED_FIFO },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(name, known[i].name))
			return known[i].policy;
	errx(EXIT_FAILURE, "%s: not a scheduling policy known here", name);
}

static void parse(int argc, char **argv)
{
	static const struct option known[] = {
		{ "rounds", required_argument, NULL, 'n' },
		{ "repeats", required_argument, NULL, 'r' },
		{ "only", required_argument, NULL, 'o' },
		{ "policy", required_argument, NULL, 'p' },
		{ "preempt", no_argument, NULL, 'e' },
		{ "lengths", no_argument, NULL, 'l' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	int option;

	while ((option = getopt_long(argc, argv, "h", known, NULL)) >= 0) {
		switch (option) {
		case 'n':
			options.rounds = number(optarg, 1000000);
			break;
		case 'r':
			options.repeats = number(optarg, REPEATS_MAX);
			break;
		case 'o':
			options.only = optarg;
			break;
		case 'p':
			options.policy = policy(optarg);
			break;
		case 'e':
			options.preempt = true;
			break;
		case 'l':
			options.measures = lengths;
			options.nr_measures = ARRAY_SIZE(lengths);
			break;
		case 'j':
			options.json = true;
			break;
		case 'h':
			usage(stdout);
			exit(EXIT_SUCCESS);
		default:
			usage(stderr);
			exit(EXIT_FAILURE);
		}
	}
}

int main(int argc, char **argv)
{
	size_t i;

	parse(argc, argv);
	set_scheduling();
	outgoing = payload_new();
	incoming = payload_new();
	show_head();
	for (i = 0; i < ARRAY_SIZE(transports); i++)
		measure_transport(&transports[i]);
	if (options.json)
		printf("\n]\n");
	return EXIT_SUCCESS;
}
