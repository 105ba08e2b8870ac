// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ipcbox bench: how fast messages get from one process to another, over ipcbox and
 * over what else the system has for it.
 *
 * All combinations of what is given are measured: each transport, length, number of
 * processes, placement.
 */
#include <errno.h>
#include <unistd.h>

#include "bench.h"

static const char bench_help[] =
"Usage: ipcbox bench [OPTION]... [TRANSPORT]...\n"
"\n"
"Measure how long messages take from one process to another, over ipcbox and\n"
"over the system's own ways; over all of these, unless some are named.\n"
"\n"
"Options:\n"
"  -m, --measure=LIST       latency (round trips), throughput (one way); both\n"
"  -s, --sizes=LIST         lengths of messages (1,64,1K,4K,64K,1M,16M)\n"
"  -p, --producers=LIST     processes that send, 1 to 8, for throughput (1)\n"
"  -c, --consumers=LIST     processes that receive, 1 to 8, for throughput (1)\n"
"  -C, --cpus=LIST          on the same CPU, on different ones; both\n"
"  -r, --repeats=N          repetitions, whose median is shown (5)\n"
"  -d, --duration=SECONDS   how long one takes at least (0.02)\n"
"  -t, --timeout=SECONDS    when a figure is given up (60)\n"
"  -V, --verify             look at every byte, which takes its time, too\n"
"  -b, --batch              run as SCHED_BATCH: who is woken waits its turn\n"
"  -l, --list               show the transports, and how they are set up\n"
"  -j, --json               print one JSON object in the end\n"
"  -h, --help               this text\n"
"\n"
"Examples:\n"
"  ipcbox bench\n"
"  ipcbox bench --measure=latency --sizes=64 call posix-mq pipe\n"
"  ipcbox bench --measure=throughput --producers=1,8 --json mailbox > b.json\n";

static void settings_cpus(struct settings *settings)
{
	cpu_set_t set;
	size_t i;

	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof(set), &set);
	for (i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set))
			settings->cpus[settings->cpus_nr++] = i;
}

/* Trials */

/* How many there are, and whether somebody watches. */
struct progress {
	size_t done;
	size_t total;
	bool shown;
};

/* A round trip is between two, and without another CPU there is but the same. */
static bool trial_sensible(const struct trial *trial,
			   const struct settings *settings)
{
	if (trial->place == PLACE_DIFFERENT && settings->cpus_nr < 2)
		return false;
	return trial->measure == MEASURE_THROUGHPUT ||
	       (trial->producers == 1 && trial->consumers == 1);
}

static void progress_show(struct progress *progress, const struct trial *trial)
{
	progress->done++;
	if (progress->shown)
		fprintf(stderr, "\r\033[K%zu of %zu: %s of %zu bytes over %s",
			progress->done, progress->total,
			measure_names[trial->measure], trial->len,
			trial->transport->name);
}

static void progress_clear(const struct progress *progress)
{
	if (progress->shown)
		fprintf(stderr, "\r\033[K");
}

/* The values of the combination number @n, the transports changing first. */
static struct trial plan_trial(const struct plan *plan, size_t n)
{
	const struct list *const lists[] = {
		&plan->transports, &plan->sizes, &plan->consumers,
		&plan->producers, &plan->places, &plan->measures,
	};
	uint64_t values[ARRAY_SIZE(lists)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		values[i] = lists[i]->values[n % lists[i]->nr];
		n /= lists[i]->nr;
	}
	return (struct trial){
		.transport = transports[values[0]],
		.len = values[1],
		.consumers = (unsigned int)values[2],
		.producers = (unsigned int)values[3],
		.place = (enum placement)values[4],
		.measure = (enum measure)values[5],
	};
}

/* That a transport has a limit is no failure, but anything else is. */
static bool outcome_failed(const struct outcome *outcome)
{
	return outcome->err && outcome->err != -EMSGSIZE;
}

static int plan_run(const struct plan *plan)
{
	const struct writer *writer = plan->json ? &json_writer : &table_writer;
	struct progress progress = {
		.total = plan->transports.nr * plan->sizes.nr *
			 plan->consumers.nr * plan->producers.nr *
			 plan->places.nr * plan->measures.nr,
		.shown = isatty(STDERR_FILENO),
	};
	struct outcome outcome;
	struct trial trial;
	bool failed = false;
	int code;

	writer->begin(&plan->settings);
	while (progress.done < progress.total) {
		trial = plan_trial(plan, progress.done);
		progress_show(&progress, &trial);
		if (!trial_sensible(&trial, &plan->settings))
			continue;
		fflush(stdout);
		trial_run(&trial, &plan->settings, &outcome);
		progress_clear(&progress);
		writer->outcome(&trial, &outcome);
		failed |= outcome_failed(&outcome);
	}
	progress_clear(&progress);
	code = writer->end();
	if (!code && failed)
		return fail_file(0, "some could not be measured; the output says why");
	return code;
}

static int list_transports(void)
{
	size_t i;

	for (i = 0; i < transports_nr; i++)
		printf("%-17s %-8s %s\n", transports[i]->name,
		       transports[i]->group, transports[i]->about);
	return finish_stdout();
}

static int bench_run(int argc, char **argv)
{
	struct plan plan = {
		.measures = { { MEASURE_LATENCY, MEASURE_THROUGHPUT }, 2 },
		.sizes = { { 1, 64, KIB, 4 * KIB, 64 * KIB, MIB, 16 * MIB }, 7 },
		.producers = { { 1 }, 1 },
		.consumers = { { 1 }, 1 },
		.places = { { PLACE_SAME, PLACE_DIFFERENT }, 2 },
		.settings = {
			.repeats = 5, .duration = 20000000, .timeout = 60,
		},
	};
	int code = plan_parse(&plan, argc, argv);

	if (code)
		return code;
	if (plan.list)
		return list_transports();
	settings_cpus(&plan.settings);
	return plan_run(&plan);
}

const struct command bench_command = {
	.name = "bench",
	.summary = "measure messages, through ipcbox and through its peers",
	.help = bench_help,
	.run = bench_run,
};
