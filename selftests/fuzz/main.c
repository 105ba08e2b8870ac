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
#include "cover.h"
#include "run.h"
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

/* What main() returns. */
enum { STATUS_FINE, STATUS_FOUND, STATUS_FAILED, STATUS_DEAD };

#define JOURNALS	4
#define TRIM_BUDGET	24
#define SHRINK_BUDGET	600

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
static uint64_t nr_sequences, nr_calls;

/* The journal: what runs now, and what ran before, whatever happens then */

static int journals[JOURNALS];

static void journal_init(void)
{
	char path[4096];
	unsigned int i;

	for (i = 0; i < JOURNALS; i++) {
		snprintf(path, sizeof(path), "%s/journal.%u", options.out, i);
		journals[i] = open(path, O_WRONLY | O_CREAT | O_TRUNC |
				   O_CLOEXEC, 0644);
		if (journals[i] < 0) {
			perror(path);
			exit(STATUS_FAILED);
		}
	}
}

static void journal_write(const struct sequence *seq)
{
	static char text[TEXT_SIZE + 64];
	size_t len;

	if (!options.out)
		return;
	len = sprintf(text, "# run %llu\n", (unsigned long long)nr_sequences);
	len += sequence_print(seq, text + len, TEXT_SIZE);
	if (pwrite(journals[nr_sequences % JOURNALS], text, len, 0) < 0)
		perror("journal");
}

static void run(const struct sequence *seq, struct run_result *result,
		struct cover *cover)
{
	journal_write(seq);
	conductor_run(seq, result);
	cover_collect(cover);
	nr_sequences++;
	nr_calls += result->calls;
}

/* Findings */

static void finding_write(FILE *file, const struct sequence *seq,
			  const struct finding *finding)
{
	static char text[TEXT_SIZE];
	char lines[sizeof(finding->text)];
	char *rest = lines, *line;

	memcpy(lines, finding->text, sizeof(lines));
	fprintf(file, "# finding: %s\n", finding_name(finding->kind));
	while ((line = strsep(&rest, "\n")))
		if (*line)
			fprintf(file, "#   %s\n", line);
	sequence_print(seq, text, sizeof(text));
	fputs(text, file);
}

static void finding_save(const struct sequence *seq,
			 const struct finding *finding, const char *name)
{
	char path[4096];
	FILE *file;

	printf("\n");
	finding_write(stdout, seq, finding);
	fflush(stdout);
	if (!options.out)
		return;
	snprintf(path, sizeof(path), "%s/%s", options.out, name);
	file = fopen(path, "we");
	if (!file) {
		perror(path);
		return;
	}
	finding_write(file, seq, finding);
	fclose(file);
}

/* Shrinking a finding */

/**
 * struct hunt - a finding that is to be found again
 * @kind: of the finding
 * @times: a candidate is run so often
 * @finding: the last one of this kind
 * @dead: a candidate has ended the machine
 */
struct hunt {
	enum finding_kind kind;
	unsigned int times;
	struct finding finding;
	bool dead;
};

static unsigned int hunt_run(struct hunt *hunt, const struct sequence *seq,
			     unsigned int times)
{
	struct run_result result;
	struct cover cover;
	unsigned int i;

	for (i = 1; i <= times && !hunt->dead; i++) {
		run(seq, &result, &cover);
		if (!result.found)
			continue;
		hunt->dead = result.dead;
		if (hunt->kind && result.finding.kind != hunt->kind)
			continue;
		hunt->finding = result.finding;
		return i;
	}
	return 0;
}

static bool hunt_keeps(const struct sequence *seq, void *arg)
{
	struct hunt *hunt = arg;

	return !hunt->dead && hunt_run(hunt, seq, hunt->times);
}

/*
 * Shrinks a sequence that fails. When the machine is dead, so is the last
 * candidate: the host goes on with that, in the next machine.
 */
static int minimise(struct sequence *seq)
{
	struct hunt hunt = { .times = 20 };
	struct shrink shrink = { hunt_keeps, &hunt, SHRINK_BUDGET };
	unsigned int tries = 0;

	if (!options.trust) {
		tries = hunt_run(&hunt, seq, options.runs ?: 300);
		if (!tries) {
			printf("not found again\n");
			return STATUS_FINE;
		}
		hunt.kind = hunt.finding.kind;
		hunt.times = tries < 5 ? 20 : tries > 50 ? 200 : 4 * tries;
	}
	printf("found again, try %u; %u calls\n", tries, seq->nr_calls);
	fflush(stdout);
	shrink_all(&shrink, seq);
	if (hunt.dead)
		return STATUS_DEAD;
	printf("minimal after %llu runs; %u calls\n",
	       (unsigned long long)nr_sequences, seq->nr_calls);
	finding_save(seq, &hunt.finding, "minimal.seq");
	return STATUS_FOUND;
}

static int replay(const struct sequence *seq)
{
	unsigned int times = options.runs ?: 100;
	struct hunt hunt = {};
	unsigned int tries = hunt_run(&hunt, seq, times);

	if (!tries) {
		printf("%u times, and nothing was found\n", times);
		return STATUS_FINE;
	}
	printf("found in run %u\n", tries);
	finding_save(seq, &hunt.finding, "finding.seq");
	return hunt.dead ? STATUS_DEAD : STATUS_FOUND;
}

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
	struct sequence smaller = *seq;

	printf("\nfound after %llu s and %llu sequences:\n",
	       (unsigned long long)seconds_since_start(),
	       (unsigned long long)nr_sequences);
	finding_save(seq, &result->finding, "finding.seq");
	if (result->dead)
		return STATUS_DEAD;
	return minimise(&smaller) == STATUS_DEAD ? STATUS_DEAD : STATUS_FOUND;
}

/* Those of the corpus as they are first, then others. */
static int fuzz(void)
{
	static struct sequence seq;
	unsigned int seeds = corpus_size();
	struct run_result result;
	struct cover cover;
	uint64_t n;

	for (n = 0; !over(n); n++) {
		if (n < seeds)
			seq = *corpus_at(n);
		else
			choose(&seq, n);
		run(&seq, &result, &cover);
		if (result.found)
			return found(&seq, &result);
		if (n >= seeds && cover.nr)
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
		{ "trust", 0, NULL, 'T' }, { "print", 0, NULL, 'p' }, {},
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

static int work(void)
{
	static struct sequence seq;
	const char *file = options.replay ?: options.minimise;

	if (!file)
		return fuzz();
	if (!sequence_load(&seq, file))
		return STATUS_FAILED;
	return options.replay ? replay(&seq) : minimise(&seq);
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
		journal_init();
	conductor_init();
	status = work();
	progress_print();
	return status;
}
