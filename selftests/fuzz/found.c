// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running sequences, with a journal that survives what they do to the kernel;
 * and what is done about a finding: it is written down, found again, and made
 * smaller
 */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "found.h"
#include "shrink.h"

#define JOURNALS	4
#define SHRINK_BUDGET	600

uint64_t nr_sequences, nr_calls;

static const char *out_dir;

/* The journal: what runs now, and what ran before, whatever happens then */

static int journals[JOURNALS];

/**
 * journal_init() - write down what is run, and what is found
 * @dir: where
 */
void journal_init(const char *dir)
{
	char path[4096];
	unsigned int i;

	out_dir = dir;
	for (i = 0; i < JOURNALS; i++) {
		snprintf(path, sizeof(path), "%s/journal.%u", out_dir, i);
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

	if (!out_dir)
		return;
	len = sprintf(text, "# run %llu\n", (unsigned long long)nr_sequences);
	len += sequence_print(seq, text + len, TEXT_SIZE);
	if (pwrite(journals[nr_sequences % JOURNALS], text, len, 0) < 0)
		perror("journal");
}

/**
 * run() - run a sequence
 * @seq: sequence
 * @result: what came of it
 * @cover: what it has reached
 */
void run(const struct sequence *seq, struct run_result *result,
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

/**
 * finding_save() - print a finding, and keep it in a file
 * @seq: what was run
 * @finding: what was found
 * @name: of the file
 */
void finding_save(const struct sequence *seq, const struct finding *finding,
		  const char *name)
{
	char path[4096];
	FILE *file;

	printf("\n");
	finding_write(stdout, seq, finding);
	fflush(stdout);
	if (!out_dir)
		return;
	snprintf(path, sizeof(path), "%s/%s", out_dir, name);
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
 * @until: then it is enough
 * @finding: the last one of this kind
 * @dead: a candidate has ended the machine
 */
struct hunt {
	enum finding_kind kind;
	unsigned int times;
	uint64_t until;
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

	return !hunt->dead && now_ns() < hunt->until &&
	       hunt_run(hunt, seq, hunt->times);
}

/* Often enough to find again what was found in one of so many tries. */
static unsigned int times_enough(unsigned int tries)
{
	return tries < 5 ? 20 : tries > 50 ? 200 : 4 * tries;
}

/**
 * minimise() - shrink a sequence that fails
 * @seq: sequence; the result
 * @how: see struct minimise
 *
 * When the machine is dead, so is the last candidate: the host goes on with
 * that, in the next machine.
 *
 * Return: STATUS_FOUND, STATUS_DEAD, or STATUS_FINE if it does not fail
 */
int minimise(struct sequence *seq, const struct minimise *how)
{
	struct hunt hunt = {
		.times = 20,
		.until = now_ns() + how->seconds * SEC,
	};
	struct shrink shrink = { hunt_keeps, &hunt, SHRINK_BUDGET };
	unsigned int tries;

	if (!how->trust) {
		tries = hunt_run(&hunt, seq, how->times);
		if (!tries) {
			printf("not found again in %u runs\n", how->times);
			return STATUS_FINE;
		}
		printf("found again in run %u\n", tries);
		hunt.kind = hunt.finding.kind;
		hunt.times = times_enough(tries);
	}
	oracle_hurry();
	printf("making it smaller: %u calls\n", seq->nr_calls);
	fflush(stdout);
	shrink_all(&shrink, seq);
	if (hunt.dead)
		return STATUS_DEAD;
	printf("minimal after %llu runs: %u calls\n",
	       (unsigned long long)nr_sequences, seq->nr_calls);
	finding_save(seq, &hunt.finding, "minimal.seq");
	return STATUS_FOUND;
}

/**
 * replay() - run a sequence until it fails
 * @seq: sequence
 * @times: so often at most
 *
 * Return: STATUS_FOUND, STATUS_DEAD, or STATUS_FINE if it does not fail
 */
int replay(const struct sequence *seq, unsigned int times)
{
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
