// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fuzzer's options and its loop. It runs as root, where the module is
 * loaded with IPCBOX_KCOV=y; scripts/fuzz does all that.
 */

#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "corpus.h"
#include "found.h"
#include "shrink.h"

#define USAGE								\
	"usage: ipcbox_fuzz [OPTION]...\n"				\
	"\n"								\
	"  --time SECONDS    for so long (default 60)\n"		\
	"  --runs N          so many sequences instead\n"		\
	"  --seed N          of all that is random (default 1)\n"	\
	"  --corpus DIR      sequences to begin with; may be repeated\n" \
	"  --save DIR        where to put those that reach something new\n" \
	"  --out DIR         for the journal, and for what is found\n"	\
	"  --replay FILE     run this sequence, --runs times\n"		\
	"  --minimise FILE   make it smaller, with the same finding\n"	\
	"  --trust           it need not be run before, it does fail\n"	\
	"  --print           print --runs sequences instead of running them\n"

#define TRIM_BUDGET	24
#define SEED_RUNS	2

static struct options {
	uint64_t seconds;
	uint64_t runs;
	uint64_t seed;
	const char *out;
	const char *replay;
	const char *minimise;
	bool trust;
	bool print;
} options = { .seconds = 60, .seed = 1 };

static uint64_t started;

/* Looking for what is new */

static uint64_t seconds_since_start(void)
{
	return (now_ns() - started) / SEC;
}

static void progress_print(void)
{
	printf("%6llu s  %8llu sequences  %9llu calls  %5u edges  %4u outcomes  %4u in the corpus\n",
	       (unsigned long long)seconds_since_start(),
	       (unsigned long long)nr_sequences, (unsigned long long)nr_calls,
	       cover_edges(), cover_outcomes(), corpus_size());
	fflush(stdout);
}

/* At 10, 30, 60, 120, 300, 600 seconds, and so on. */
static void progress_look(void)
{
	static const uint64_t marks[] = { 10, 30, 60, 120, 300, 600, 1200,
					  1800, 3600, 7200, 14400, 28800 };
	static unsigned int at;

	if (at == ARRAY_SIZE(marks) || seconds_since_start() < marks[at])
		return;
	at++;
	progress_print();
}

static bool trim_keeps(const struct sequence *seq, void *arg)
{
	struct run_result result;
	struct cover cover;

	run(seq, &result, &cover);
	return !result.found && cover_has(arg);
}

/* Into the corpus, without the calls that have nothing to do with it. */
static void keep(struct sequence *seq, struct cover *cover)
{
	struct shrink shrink = { trim_keeps, cover, TRIM_BUDGET };

	if (cover->nr < MAX_NEW)
		shrink_calls(&shrink, seq);
	corpus_add(seq);
}

static void choose(struct sequence *seq, uint64_t n)
{
	struct rng rng = { .state = options.seed ^ n << 32 };

	rng_next(&rng);
	if (!corpus_size() || rng_chance(&rng, 15)) {
		sequence_generate(seq, &rng);
		return;
	}
	*seq = *corpus_choose(&rng);
	sequence_mutate(seq, &rng, corpus_choose(&rng));
}

static bool over(uint64_t n)
{
	return options.runs ? n >= options.runs :
			      seconds_since_start() >= options.seconds;
}

static int found(const struct sequence *seq, const struct run_result *result)
{
	const struct minimise how = { .times = 100, .seconds = 60 };
	struct sequence smaller = *seq;

	printf("\nfound after %llu s and %llu sequences:\n",
	       (unsigned long long)seconds_since_start(),
	       (unsigned long long)nr_sequences);
	finding_save(seq, &result->finding, "finding.seq");
	if (result->dead)
		return STATUS_DEAD;
	return minimise(&smaller, &how) == STATUS_DEAD ? STATUS_DEAD : STATUS_FOUND;
}

/*
 * Those of the corpus as they are first, and more than once: where everything
 * runs for the first time, a step may take longer than it is waited for. Then
 * others.
 */
static int fuzz(void)
{
	static struct sequence seq;
	unsigned int seeds = corpus_size(), first = seeds * SEED_RUNS;
	struct run_result result;
	struct cover cover;
	uint64_t n;

	for (n = 0; !over(n); n++) {
		if (n < first)
			seq = *corpus_at(n % seeds);
		else
			choose(&seq, n);
		run(&seq, &result, &cover);
		if (result.found)
			return found(&seq, &result);
		if (n >= first && cover.nr)
			keep(&seq, &cover);
		progress_look();
	}
	return STATUS_FINE;
}

/* Without a module: what a seed makes, and that text keeps all of it. */
static int print_some(void)
{
	static struct sequence seq, again;
	static char text[TEXT_SIZE], why[1100];
	uint64_t n;

	for (n = 0; n < options.runs; n++) {
		choose(&seq, n);
		sequence_print(&seq, text, sizeof(text));
		printf("%s\n", text);
		if (!sequence_parse(&again, text, why, sizeof(why)) ||
		    !sequence_equal(&seq, &again)) {
			fprintf(stderr, "fuzz: sequence %llu: %s\n",
				(unsigned long long)n, why);
			return STATUS_FAILED;
		}
		if (n % 4 == 0)
			corpus_add(&seq);
	}
	return STATUS_FINE;
}

static void parse(int argc, char **argv)
{
	static const struct option list[] = {
		{ "time", 1, NULL, 't' }, { "runs", 1, NULL, 'n' },
		{ "seed", 1, NULL, 's' }, { "corpus", 1, NULL, 'c' },
		{ "save", 1, NULL, 'w' }, { "out", 1, NULL, 'o' },
		{ "replay", 1, NULL, 'r' }, { "minimise", 1, NULL, 'm' },
		{ "trust", 0, NULL, 'T' },
		{ "print", 0, NULL, 'p' }, {},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", list, NULL)) != -1) {
		switch (option) {
		case 't':
			options.seconds = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			options.runs = strtoull(optarg, NULL, 0);
			break;
		case 's':
			options.seed = strtoull(optarg, NULL, 0);
			break;
		case 'c':
			if (!corpus_load(optarg))
				exit(STATUS_FAILED);
			break;
		case 'w':
			corpus_save_to(optarg);
			break;
		case 'o':
			options.out = optarg;
			break;
		case 'r':
			options.replay = optarg;
			break;
		case 'm':
			options.minimise = optarg;
			break;
		case 'T':
			options.trust = true;
			break;
		case 'p':
			options.print = true;
			break;
		default:
			fputs(USAGE, stderr);
			exit(STATUS_FAILED);
		}
	}
}

/* For whoever wants to know whether the calls are what they should be. */
static void outcomes_save(void)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/outcomes", options.out);
	file = fopen(path, "we");
	if (!file) {
		perror(path);
		return;
	}
	cover_print(file);
	fclose(file);
}

static int work(void)
{
	static struct sequence seq;
	const char *file = options.replay ?: options.minimise;
	struct minimise how = {
		.times = options.runs ?: 300,
		.trust = options.trust,
		.seconds = options.seconds,
	};

	if (!file)
		return fuzz();
	if (!sequence_load(&seq, file))
		return STATUS_FAILED;
	return options.replay ? replay(&seq, options.runs ?: 100) :
				minimise(&seq, &how);
}

int main(int argc, char **argv)
{
	int status;

	corpus_init();
	parse(argc, argv);
	if (options.print)
		return print_some();
	started = now_ns();
	if (!cover_init())
		return STATUS_FAILED;
	memory_init();
	world_init();
	if (options.out)
		journal_init(options.out);
	conductor_init();
	status = work();
	progress_print();
	if (options.out)
		outcomes_save();
	if (status != STATUS_DEAD)
		seats_end();
	return status;
}
