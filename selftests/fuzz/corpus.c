// SPDX-License-Identifier: GPL-2.0-only
/*
 * The corpus: sequences of which each has shown something that those before it
 * have not; one file for each, named by a hash of its text
 */

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "corpus.h"
#include "run.h"

#define MAX_CORPUS	2048

static struct sequence *corpus;
static unsigned int nr_corpus;
static const char *save_dir;

void corpus_init(void)
{
	corpus = shared_memory(MAX_CORPUS * sizeof(*corpus));
}

/* Where to put a file for each sequence that is added. */
void corpus_save_to(const char *dir)
{
	save_dir = dir;
}

static uint64_t text_hash(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 0x100000001b3;
	return hash;
}

static void sequence_save(const struct sequence *seq)
{
	static char text[TEXT_SIZE];
	char path[4096];
	FILE *file;

	sequence_print(seq, text, sizeof(text));
	snprintf(path, sizeof(path), "%s/%016llx.seq", save_dir,
		 (unsigned long long)text_hash(text));
	file = fopen(path, "we");
	if (!file || fputs(text, file) < 0)
		perror(path);
	if (file)
		fclose(file);
}

/* When it is full, the new one takes the place of any other. */
void corpus_add(const struct sequence *seq)
{
	struct rng rng = { .state = nr_corpus };

	if (save_dir)
		sequence_save(seq);
	if (nr_corpus < MAX_CORPUS)
		corpus[nr_corpus++] = *seq;
	else
		corpus[rng_below(&rng, MAX_CORPUS)] = *seq;
}

unsigned int corpus_size(void)
{
	return nr_corpus;
}

const struct sequence *corpus_at(unsigned int i)
{
	return &corpus[i];
}

/* Half of the time one of the latest. */
const struct sequence *corpus_choose(struct rng *rng)
{
	unsigned int latest = nr_corpus / 8 + 1;

	if (rng_chance(rng, 50))
		return &corpus[nr_corpus - 1 - rng_below(rng, latest)];
	return &corpus[rng_below(rng, nr_corpus)];
}

static int is_sequence(const struct dirent *entry)
{
	const char *end = strrchr(entry->d_name, '.');

	return end && !strcmp(end, ".seq");
}

/**
 * corpus_load() - add the sequences of a directory, in the order of their names
 * @dir: directory
 *
 * Return: false, with a message, if one of them is none
 */
bool corpus_load(const char *dir)
{
	struct dirent **entries;
	char path[4096];
	bool ok = true;
	int i, nr;

	nr = scandir(dir, &entries, is_sequence, alphasort);
	if (nr < 0) {
		perror(dir);
		return false;
	}
	for (i = 0; i < nr; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		if (nr_corpus < MAX_CORPUS &&
		    sequence_load(&corpus[nr_corpus], path))
			nr_corpus++;
		else
			ok = false;
		free(entries[i]);
	}
	free(entries);
	return ok;
}
