// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Payloads from files and standard input: one file as one message, or each line
 * of it as one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

static FILE *input_open(const char *path)
{
	return strcmp(path, "-") ? fopen(path, "re") : stdin;
}

static void input_close(FILE *file)
{
	if (file != stdin)
		fclose(file);
}

static int input_fail(const char *path)
{
	return fail_file(errno, "cannot read '%s'", path);
}

/*
 * Read to the end, but not beyond what the port takes anyway, so that input
 * that never ends does not fill the memory.
 */
static int read_whole(FILE *file, const char *path, size_t max,
		      struct payload *payload)
{
	size_t room = 0;

	while (!feof(file) && payload->len <= max) {
		size_t got;

		if (payload->len == room) {
			char *larger;

			room = room ? 2 * room : 65536;
			larger = realloc(payload->data, room);
			if (!larger)
				return input_fail(path);
			payload->data = larger;
		}
		got = fread(payload->data + payload->len, 1,
			    room - payload->len, file);
		payload->len += got;
		if (ferror(file))
			return input_fail(path);
	}
	if (payload->len > max)
		return fail(EMSGSIZE, "'%s' has more than %zu bytes", path, max);
	return EXIT_OK;
}

/* All of a file as one payload. */
int input_whole(const char *path, size_t max, struct payload *payload)
{
	FILE *file = input_open(path);
	int code;

	if (!file)
		return input_fail(path);
	code = read_whole(file, path, max, payload);
	input_close(file);
	return code;
}

/* Call @each for each record, without its delimiter. */
int input_records(const char *path, int delimiter,
		  int (*each)(void *arg, const void *data, size_t len),
		  void *arg)
{
	FILE *file = input_open(path);
	char *record = NULL;
	size_t size = 0;
	ssize_t len;
	int code = EXIT_OK;

	if (!file)
		return input_fail(path);
	while (!code && (len = getdelim(&record, &size, delimiter, file)) >= 0) {
		if (len && record[len - 1] == delimiter)
			len--;
		code = each(arg, record, (size_t)len);
	}
	if (!code && ferror(file))
		code = input_fail(path);
	free(record);
	input_close(file);
	return code;
}
