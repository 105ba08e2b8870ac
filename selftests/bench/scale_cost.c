// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a message costs when there are many ports, or many who wait: it should
 * not matter how many
 *
 *	ports		a send and a receive of 64 bytes, on one port of so many in
 *			the box, and on all of them in turn
 *	receivers	the same while so many threads wait on other ports, or on the
 *			same one for messages of other types
 *	round trip	to whichever of so many threads that wait on one port has
 *			waited longest, and back; and through peers, whose waiting
 *			threads take as much from the scheduler
 *
 * Next to a round trip stands how often a thread has left the processor for each
 * message: once, unless threads are woken that find nothing.
 *
 * As in ipc_cost.c, a nanosecond is an instruction where the emulator counts
 * these as time, and the threads are SCHED_BATCH on one processor. Ends with 1 if
 * a figure of ipcbox is more than a tenth above that for the fewest.
 */

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench.h"

#define SIZE		64
#define PORTS_MAX	100000
#define REPEATS		5
#define LIMIT		"/sys/module/ipcbox/parameters/max_ports_per_user"

static int ports[PORTS_MAX];
static bool steep;

/* ipcbox */

/* One user has all these ports. Returns what the limit was. */
static unsigned long change_limit(unsigned long limit)
{
	FILE *file = fopen(LIMIT, "r+");
	unsigned long before;

	if (!file || fscanf(file, "%lu", &before) != 1)
		DIE(LIMIT);
	rewind(file);
	fprintf(file, "%lu\n", limit);
	if (fclose(file))
		DIE(LIMIT);
	return before;
}

static void send_64(int port)
{
	char text[SIZE] = "";

	if (write(port, text, SIZE) != SIZE)
		DIE("write");
}

static void receive_64(int port)
{
	char text[SIZE];

	if (read(port, text, SIZE) != SIZE)
		DIE("read");
}

/* Measuring */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* The median; the first repetition is for warming up and does not count. */
static double measure(void (*once)(unsigned int i), unsigned int rounds)
{
	double samples[REPEATS];
	unsigned int i;
	uint64_t start;
	int repeat;

	for (repeat = -1; repeat < REPEATS; repeat++) {
		start = now_ns();
		for (i = 0; i < rounds; i++)
			once(i);
		if (repeat >= 0)
			samples[repeat] = (double)(now_ns() - start) / rounds;
	}
	qsort(samples, REPEATS, sizeof(samples[0]), compare);
	return samples[REPEATS / 2];
}

static void show_figures(const char *name, const double figures[3], bool ours)
{
	double ratio = figures[2] / figures[0];

	if (figures[1] / figures[0] > ratio)
		ratio = figures[1] / figures[0];
	printf("%-36s %9.0f %9.0f %9.0f %8.2f", name, figures[0], figures[1],
	       figures[2], ratio);
	if (ours && ratio > 1.1) {
		printf("  not flat");
		steep = true;
	}
}

/* Ports */

static const unsigned int port_counts[] = { 10, 1000, PORTS_MAX };
static unsigned int nr_ports;

static void make_ports(unsigned int n)
{
	for (; nr_ports < n; nr_ports++)
		ports[nr_ports] = bench_port(IPCBOX_UNLIMITED, NULL);
}

/* One in the midst of all. */
static void once_on_one(unsigned int i)
{
	(void)i;
	send_64(ports[nr_ports / 2]);
	receive_64(ports[nr_ports / 2]);
}

static void once_in_turn(unsigned int i)
{
	/* A prime number of them further, each time. */
	int port = ports[i * 7919ULL % nr_ports];

	send_64(port);
	receive_64(port);
}

static void measure_ports(void)
{
	double on_one[3], in_turn[3];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		make_ports(port_counts[i]);
		on_one[i] = measure(once_on_one, 1000);
		in_turn[i] = measure(once_in_turn, nr_ports);
	}
	printf("%-36s %9u %9u %9u\n", "ports in the box", port_counts[0],
	       port_counts[1], port_counts[2]);
	show_figures("send+receive on one of them", on_one, true);
	printf("\n");
	show_figures("send+receive on all in turn", in_turn, true);
	printf("\n\n");
	while (nr_ports)
		close(ports[--nr_ports]);
}

/* Threads that wait */

static const unsigned int waiter_counts[] = { 1, 100, 1000 };

/**
 * struct waiters - threads that wait
 * @n: how many there are
 * @threads: these
 * @asked: where they do
 */
struct waiters {
	unsigned int n;
	pthread_t threads[1000];
	int asked[1000];
};

static struct waiters waiters;

/* They are cancelled in the call in which they wait. */
static void start_waiters(unsigned int n, void *(*wait)(void *number))
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	for (; waiters.n < n; waiters.n++)
		if (pthread_create(&waiters.threads[waiters.n], &attr, wait,
				   (void *)(intptr_t)waiters.n))
			DIE("pthread_create");
	pthread_attr_destroy(&attr);
	/* They run until they wait. */
	usleep(100000);
}

static void stop_waiters(void)
{
	while (waiters.n) {
		pthread_cancel(waiters.threads[--waiters.n]);
		pthread_join(waiters.threads[waiters.n], NULL);
	}
}

static int port;

static void once_here(unsigned int i)
{
	(void)i;
	send_64(port);
	receive_64(port);
}

static void *wait_elsewhere(void *number)
{
	(void)number;
	receive_64(bench_port(IPCBOX_UNLIMITED, NULL));
	return NULL;
}

static void *wait_for_type(void *number)
{
	struct ipcbox_recv recv = { .type = 1 + (intptr_t)number };

	/* ioctl() is no place to be cancelled in. */
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	ioctl(port, IPCBOX_RECV, &recv);
	return NULL;
}

static void measure_beside(const char *name, void *(*wait)(void *number))
{
	double figures[3];
	unsigned int i;

	port = bench_port(IPCBOX_UNLIMITED, NULL);
	for (i = 0; i < 3; i++) {
		start_waiters(waiter_counts[i], wait);
		figures[i] = measure(once_here, 1000);
	}
	show_figures(name, figures, true);
	printf("\n");
	stop_waiters();
	close(port);
}

/* Round trips: each transport has a place to ask at and one to answer at */

/**
 * struct transport - a way to ask and to answer
 * @name: as shown
 * @ours: the figure is one of ipcbox
 * @rounds: for one repetition
 * @open: makes both places
 * @send: to one of them
 * @receive: from it
 */
struct transport {
	const char *name;
	bool ours;
	unsigned int rounds;
	void (*open)(void);
	void (*send)(int to);
	void (*receive)(int to);
};

enum { ASK, ANSWER };

static const struct transport *transport;
static int rx[2], tx[2];
static sem_t semaphores[2];

static void ipcbox_open(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		rx[i] = bench_port(IPCBOX_UNLIMITED, NULL);
		tx[i] = rx[i];
	}
}

static void pipe_open(void)
{
	int i, fds[2];

	for (i = 0; i < 2; i++) {
		if (pipe(fds))
			DIE("pipe");
		rx[i] = fds[0];
		tx[i] = fds[1];
	}
}

static void fd_send(int to)
{
	send_64(tx[to]);
}

static void fd_receive(int to)
{
	receive_64(rx[to]);
}

static void mq_open_both(void)
{
	struct mq_attr attr = { .mq_maxmsg = 10, .mq_msgsize = SIZE };
	int i;

	for (i = 0; i < 2; i++) {
		rx[i] = mq_open("/scale_cost", O_RDWR | O_CREAT | O_EXCL, 0600,
				&attr);
		if (rx[i] < 0)
			DIE("mq_open");
		tx[i] = rx[i];
		mq_unlink("/scale_cost");
	}
}

static void mq_send_64(int to)
{
	char text[SIZE] = "";

	if (mq_send(tx[to], text, SIZE, 0))
		DIE("mq_send");
}

static void mq_receive_64(int to)
{
	char text[SIZE];

	if (mq_receive(rx[to], text, SIZE, NULL) != SIZE)
		DIE("mq_receive");
}

static void semaphores_open(void)
{
	int i;

	for (i = 0; i < 2; i++)
		sem_init(&semaphores[i], 0, 0);
}

static void semaphore_send(int to)
{
	sem_post(&semaphores[to]);
}

static void semaphore_receive(int to)
{
	while (sem_wait(&semaphores[to]))
		;
}

static void eventfd_open(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		rx[i] = eventfd(0, EFD_SEMAPHORE);
		tx[i] = rx[i];
	}
}

static void eventfd_send(int to)
{
	if (eventfd_write(tx[to], 1))
		DIE("eventfd_write");
}

static void eventfd_receive(int to)
{
	eventfd_t value;

	if (eventfd_read(rx[to], &value))
		DIE("eventfd_read");
}

static const struct transport transports[] = {
	{ "ipcbox", true, 1000, ipcbox_open, fd_send, fd_receive },
	{ "pipe", false, 1000, pipe_open, fd_send, fd_receive },
	{ "futex (POSIX semaphore)", false, 1000, semaphores_open,
	  semaphore_send, semaphore_receive },
	{ "POSIX mq", false, 1000, mq_open_both, mq_send_64, mq_receive_64 },
	/* Wakes all who wait. */
	{ "eventfd, as a semaphore", false, 10, eventfd_open, eventfd_send,
	  eventfd_receive },
};

static void *wait_and_answer(void *number)
{
	(void)number;
	for (;;) {
		transport->receive(ASK);
		transport->send(ANSWER);
	}
	return NULL;
}

static void once_there_and_back(unsigned int i)
{
	(void)i;
	transport->send(ASK);
	transport->receive(ANSWER);
}

static long switches(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_nvcsw;
}

static void measure_round_trip(void)
{
	double figures[3], each[3];
	unsigned int i, rounds = transport->rounds;
	long before;

	transport->open();
	for (i = 0; i < 3; i++) {
		start_waiters(waiter_counts[i], wait_and_answer);
		before = switches();
		figures[i] = measure(once_there_and_back, rounds);
		each[i] = (double)(switches() - before) /
			  ((REPEATS + 1) * rounds * 2);
	}
	show_figures(transport->name, figures, transport->ours);
	printf("   %.2f %.2f %.2f\n", each[0], each[1], each[2]);
	fflush(stdout);
	stop_waiters();
}

static void measure_waiters(void)
{
	printf("%-36s %9u %9u %9u\n", "threads that wait", waiter_counts[0],
	       waiter_counts[1], waiter_counts[2]);
	measure_beside("send+receive, they on other ports", wait_elsewhere);
	measure_beside("send+receive, they for other types", wait_for_type);
	printf("%-36s %29s %8s   %s\n", "round trip to one of them", "", "",
	       "switches for each message");
	for (transport = transports;
	     transport < transports + ARRAY_SIZE(transports); transport++)
		measure_round_trip();
}

static void set_scheduling(void)
{
	struct sched_param param = {};
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	if (sched_setaffinity(0, sizeof(set), &set) ||
	    sched_setscheduler(0, SCHED_BATCH, &param))
		DIE("scheduling");
}

int main(void)
{
	struct rlimit files = { 2 * PORTS_MAX, 2 * PORTS_MAX };
	unsigned long limit;

	if (setrlimit(RLIMIT_NOFILE, &files))
		DIE("setrlimit");
	limit = change_limit(2 * PORTS_MAX);
	set_scheduling();
	printf("ns per operation, and the largest ratio to that for the fewest\n");
	measure_ports();
	measure_waiters();
	change_limit(limit);
	return steep;
}
