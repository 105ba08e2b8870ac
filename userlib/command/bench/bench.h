/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of ipcbox bench share: a trial is one transport, one length, one
 * way to use it; it has an outcome.
 */
#ifndef IPCBOX_BENCH_H
#define IPCBOX_BENCH_H

#include <pthread.h>
#include <sched.h>

#include "command.h"
#include "transport.h"

#define REPEATS_MAX	101
#define SIDE_MAX	8	/* producers, and consumers */
#define WORKERS_MAX	(2 * SIDE_MAX)

enum measure { MEASURE_LATENCY, MEASURE_THROUGHPUT };
enum placement { PLACE_SAME, PLACE_DIFFERENT };

/**
 * struct settings - what holds for all trials
 * @repeats: repetitions that count
 * @duration: how long each takes at least, in nanoseconds
 * @timeout: seconds after which a trial is given up
 * @verify: look at each byte of each message
 * @batch: as SCHED_BATCH, whoever is woken does not preempt its waker
 * @cpus: processors that may be used
 * @cpus_nr: their number
 */
struct settings {
	unsigned int repeats;
	uint64_t duration;
	unsigned int timeout;
	bool verify;
	bool batch;
	size_t cpus[CPU_SETSIZE];
	size_t cpus_nr;
};

/**
 * struct trial - what is to be measured
 * @transport: over which transport
 * @measure: what
 * @place: on which processors
 * @len: length of the messages
 * @producers: processes that send; 1 for a latency
 * @consumers: processes that receive; likewise
 */
struct trial {
	const struct transport *transport;
	enum measure measure;
	enum placement place;
	size_t len;
	unsigned int producers;
	unsigned int consumers;
};

/**
 * struct outcome - what came out
 * @err: 0, or a negative errno: -EMSGSIZE if the transport does not carry messages
 *	of that length; the others are zero then
 * @median: nanoseconds for each message, or for each round trip
 * @quartile: the first and the third one
 * @extreme: the least and the most
 * @messages: messages, or round trips, in each repetition
 * @switches: context switches for each of them
 */
struct outcome {
	int err;
	double median;
	double quartile[2];
	double extreme[2];
	uint64_t messages;
	double switches;
};

/**
 * struct worker_report - what a worker tells of a repetition
 * @start: when it began, in nanoseconds of CLOCK_MONOTONIC
 * @end: when it had finished
 * @switches: its context switches meanwhile
 * @sent: sum of the numbers of all messages it has sent, ever
 * @received: likewise of those that it has received
 */
struct worker_report {
	uint64_t start;
	uint64_t end;
	uint64_t switches;
	uint64_t sent;
	uint64_t received;
};

/**
 * struct control - memory that all workers of a trial share
 * @barrier: where they meet before and after each repetition
 * @rounds: of the next repetition; 0 after the last one
 * @repeat: repetitions that count, so far
 * @counted: rounds of each of these
 * @err: why a worker has failed
 * @samples: nanoseconds for each message, by repetition
 * @switches: context switches for each message, in all these
 * @reports: by worker
 */
struct control {
	pthread_barrier_t barrier;
	uint64_t rounds;
	unsigned int repeat;
	uint64_t counted;
	int err;
	double samples[REPEATS_MAX];
	double switches;
	struct worker_report reports[WORKERS_MAX];
};

/**
 * struct worker - a process that takes part in a trial
 * @trial: in which one
 * @settings: and how
 * @control: shared with the others
 * @index: producers first, then consumers
 * @channels: in a latency one there and one back; else all of them
 * @channels_nr: their number
 * @number: of the last message it has sent
 * @out: the payload to send
 * @in: the last one received
 */
struct worker {
	const struct trial *trial;
	const struct settings *settings;
	struct control *control;
	unsigned int index;
	struct channel channels[SIDE_MAX];
	unsigned int channels_nr;
	uint64_t number;
	unsigned char *out;
	unsigned char *in;
};

/* plan.c */

#define LIST_MAX	64

/**
 * struct list - values that an option has given, separated by commas
 * @values: what they are
 * @nr: their number
 */
struct list {
	uint64_t values[LIST_MAX];
	size_t nr;
};

/**
 * struct plan - what the command line asks for
 * @transports: indices of the transports
 * @measures: enum measure
 * @sizes: lengths
 * @producers: numbers of processes
 * @consumers: likewise
 * @places: enum placement
 * @settings: for all of them
 * @json: not a table
 * @list: show the transports, and measure nothing
 */
struct plan {
	struct list transports;
	struct list measures;
	struct list sizes;
	struct list producers;
	struct list consumers;
	struct list places;
	struct settings settings;
	bool json;
	bool list;
};

int plan_parse(struct plan *plan, int argc, char **argv);

/* trial.c */
unsigned int trial_workers(const struct trial *trial);
void trial_run(const struct trial *trial, const struct settings *settings,
	       struct outcome *outcome);

/* worker.c: does not return. */
void worker_run(struct worker *worker);

/* jobs.c: what a worker does in a repetition; 0 or a negative errno. */
int job_attach(struct worker *worker, bool receive);
int job_rounds(struct worker *worker, uint64_t rounds);
uint64_t job_messages(const struct trial *trial);

/* message.c */
void message_make(struct worker *worker);
int message_check(struct worker *worker);

/* names.c, in the order of the enums */
extern const char *const measure_names[2];
extern const char *const place_names[2];
const char *outcome_reason(const struct outcome *outcome);

/**
 * struct writer - how outcomes are written
 * @begin: before the first
 * @outcome: one of them
 * @end: after the last; returns an exit code
 */
struct writer {
	void (*begin)(const struct settings *settings);
	void (*outcome)(const struct trial *trial,
			const struct outcome *outcome);
	int (*end)(void);
};

extern const struct writer table_writer;
extern const struct writer json_writer;

#endif /* IPCBOX_BENCH_H */
