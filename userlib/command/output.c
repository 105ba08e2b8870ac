// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Writing received messages, to a file or to standard output.
 *
 * The stream is buffered, for speed; whoever receives flushes it before it
 * waits, so that what was received is seen at once. A message that cannot be
 * written is lost, for it is no longer in the port, and the user is told so.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "command.h"

static int output_fail(const struct output *output)
{
	return fail_file(errno, "cannot write to %s (the last %" PRIu64 " messages received may be lost)",
			 output->path, output->unwritten);
}

/*
 * @path is NULL for standard output. There is one output in a process, and it
 * has to be given its buffer, because the C library makes none of a chosen size.
 */
int output_open(struct output *output, const char *path,
		enum output_format format)
{
	static char buffer[65536];

	output->file = path ? fopen(path, "we") : stdout;
	output->path = path ? path : "standard output";
	output->format = format;
	output->unwritten = 0;
	if (!output->file)
		return fail_file(errno, "cannot open '%s'", path);
	/* all that the terminal does for lines, output_flush() does */
	setvbuf(output->file, buffer, _IOFBF, sizeof(buffer));
	return EXIT_OK;
}

static bool put_data(struct output *output, const void *data, size_t len)
{
	return fwrite(data, 1, len, output->file) == len;
}

static bool put_json(struct output *output, const void *data,
		     const struct ipcbox_message *msg)
{
	char *line = json_message(msg, data);
	bool ok;

	if (!line) {
		errno = ENOMEM;
		return false;
	}
	ok = fprintf(output->file, "%s\n", line) >= 0;
	free(line);
	return ok;
}

static bool put_message(struct output *output, const void *data,
			const struct ipcbox_message *msg)
{
	switch (output->format) {
	case OUTPUT_JSON:
		return put_json(output, data, msg);
	case OUTPUT_LINES:
		return put_data(output, data, msg->len) &&
		       putc('\n', output->file) != EOF;
	case OUTPUT_NULL:
		return put_data(output, data, msg->len) &&
		       putc('\0', output->file) != EOF;
	default:
		return put_data(output, data, msg->len);
	}
}

int output_message(struct output *output, const void *data,
		   const struct ipcbox_message *msg)
{
	output->unwritten++;
	if (!put_message(output, data, msg))
		return output_fail(output);
	return EXIT_OK;
}

int output_flush(struct output *output)
{
	if (!output->unwritten)
		return EXIT_OK;
	if (fflush(output->file))
		return output_fail(output);
	output->unwritten = 0;
	return EXIT_OK;
}

/* Write what is left, and keep the first failure. */
int output_close(struct output *output, int exit_code)
{
	int code = ferror(output->file) ? EXIT_ERROR : output_flush(output);

	if (output->file != stdout && fclose(output->file) && !code)
		code = output_fail(output);
	return exit_code ? exit_code : code;
}
