// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sequences as text, to be read, changed and kept
 *
 *	ending calm
 *	process root
 *	process alice net=other pid=new
 *	0.0 box -> s0
 *	& 1.0 box -> s0
 *	0.0 create s0 name=a -> s1
 *	0.1 recv s1 len=64
 *	& - kill process=p0 signal=interrupt
 *	end
 *
 * A call is PROCESS.THREAD, or "-" for the conductor, the row's name, the slot
 * it is made on, the arguments that are not the default, and the slot of the
 * descriptor that results. "&": begins together with the one before. "#" begins
 * a comment. Nothing behind "end" is read.
 */

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "kinds.h"
#include "rows.h"

static const char *const ending_names[] = { "calm", "exit", "kill" };
static const char *const who_names[] = { "root", "alice", "nested" };

/* Printing */

struct printer {
	char *text;
	size_t size;
	size_t len;
};

static void print(struct printer *to, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void print(struct printer *to, const char *format, ...)
{
	va_list args;
	int ret;

	va_start(args, format);
	ret = vsnprintf(to->text + to->len, to->size - to->len, format, args);
	va_end(args);
	to->len += ret;
	if (to->len >= to->size)
		to->len = to->size - 1;
}

static void print_process(struct printer *to, const struct process_spec *spec)
{
	print(to, "process %s%s%s%s\n", who_names[spec->who],
	      spec->net == NET_OTHER ? " net=other" : "",
	      spec->new_pid ? " pid=new" : "",
	      spec->forked ? " forked" : "");
}

static void print_value(struct printer *to, const struct kind *kind,
			uint64_t value)
{
	char text[128];

	kind_print(kind, value, text, sizeof(text));
	print(to, "%s", text);
}

static void print_call(struct printer *to, const struct call *call)
{
	const struct field *field;
	unsigned int i;

	print(to, "%s", call->together ? "& " : "");
	if (call->thread == CONDUCTOR)
		print(to, "- %s", call->row->name);
	else
		print(to, "%u.%u %s", process_of(call->thread),
		      call->thread % MAX_THREADS, call->row->name);
	if (call->row->on) {
		print(to, " ");
		print_value(to, &kind_slot, call->args[FIELD_SLOT]);
	}
	for (i = FIELD_OWN; i < MAX_FIELDS && call->row->fields[i].name; i++) {
		field = &call->row->fields[i];
		if (call->args[i] == kind_default(field->kind))
			continue;
		print(to, " %s=", field->name);
		print_value(to, field->kind, call->args[i]);
	}
	if (call->row->makes) {
		print(to, " -> ");
		print_value(to, &kind_slot, call->args[FIELD_OUT]);
	}
	print(to, "\n");
}

/**
 * sequence_print() - as text
 * @seq: sequence
 * @text: where to
 * @size: room there; TEXT_SIZE is always enough
 *
 * Return: the length
 */
size_t sequence_print(const struct sequence *seq, char *text, size_t size)
{
	struct printer to = { text, size, 0 };
	unsigned int i;

	print(&to, "ending %s\n", ending_names[seq->end]);
	for (i = 0; i < seq->nr_processes; i++)
		print_process(&to, &seq->processes[i]);
	for (i = 0; i < seq->nr_calls; i++)
		print_call(&to, &seq->calls[i]);
	print(&to, "end\n");
	return to.len;
}

/* Parsing */

static bool word_index(const char *word, const char *const *names,
		       unsigned int nr, unsigned int *index)
{
	for (*index = 0; *index < nr; (*index)++)
		if (word && !strcmp(word, names[*index]))
			return true;
	return false;
}

static bool parse_process(struct sequence *seq, char **rest)
{
	struct process_spec *spec;
	unsigned int who;
	char *word;

	if (seq->nr_processes == MAX_PROCESSES ||
	    !word_index(strsep(rest, " "), who_names, ARRAY_SIZE(who_names),
			&who))
		return false;
	spec = &seq->processes[seq->nr_processes++];
	spec->who = who;
	while ((word = strsep(rest, " "))) {
		if (!strcmp(word, "net=other"))
			spec->net = NET_OTHER;
		else if (!strcmp(word, "pid=new"))
			spec->new_pid = true;
		else if (!strcmp(word, "forked"))
			spec->forked = true;
		else
			return false;
	}
	return true;
}

static bool parse_thread(const struct sequence *seq, const char *word,
			 uint8_t *thread)
{
	unsigned int process, local;
	char end;

	if (!strcmp(word, "-")) {
		*thread = CONDUCTOR;
		return true;
	}
	if (sscanf(word, "%u.%u%c", &process, &local, &end) != 2 ||
	    process >= seq->nr_processes || local >= MAX_THREADS)
		return false;
	*thread = process * MAX_THREADS + local;
	return true;
}

static bool parse_argument(struct call *call, char *word)
{
	char *value = strchr(word, '=');
	int i;

	if (!value)
		return false;
	*value++ = '\0';
	i = row_field(call->row, word);
	return i >= FIELD_OWN &&
	       kind_parse(call->row->fields[i].kind, value, &call->args[i]);
}

static bool parse_arguments(struct call *call, char **rest)
{
	char *word;

	if (call->row->on) {
		word = strsep(rest, " ");
		if (!word || !kind_parse(&kind_slot, word,
					 &call->args[FIELD_SLOT]))
			return false;
	}
	while ((word = strsep(rest, " "))) {
		if (!strcmp(word, "->")) {
			word = strsep(rest, " ");
			return call->row->makes && word && !*rest &&
			       kind_parse(&kind_slot, word,
					  &call->args[FIELD_OUT]);
		}
		if (!parse_argument(call, word))
			return false;
	}
	return !call->row->makes;
}

static bool parse_call(struct sequence *seq, char *word, char **rest)
{
	struct call *call = &seq->calls[seq->nr_calls];
	bool conductor;
	unsigned int i;

	if (seq->nr_calls == MAX_CALLS)
		return false;
	call->together = !strcmp(word, "&") && seq->nr_calls;
	if (!strcmp(word, "&"))
		word = strsep(rest, " ");
	if (!word || !parse_thread(seq, word, &call->thread))
		return false;
	word = strsep(rest, " ");
	call->row = word ? row_find(word) : NULL;
	conductor = call->thread == CONDUCTOR;
	if (!call->row || call->row->conductor != conductor)
		return false;
	for (i = 0; i < MAX_FIELDS && call->row->fields[i].name; i++)
		call->args[i] = kind_default(call->row->fields[i].kind);
	seq->nr_calls++;
	return parse_arguments(call, rest);
}

static bool parse_line(struct sequence *seq, char *line)
{
	char *rest = line, *word = strsep(&rest, " ");
	unsigned int index;

	if (!*word || *word == '#')
		return true;
	if (!strcmp(word, "process"))
		return parse_process(seq, &rest);
	if (strcmp(word, "ending"))
		return parse_call(seq, word, &rest);
	if (!word_index(strsep(&rest, " "), ending_names,
			ARRAY_SIZE(ending_names), &index))
		return false;
	seq->end = index;
	return true;
}

/**
 * sequence_parse() - from text
 * @seq: result
 * @text: text
 * @why: on failure, what is wrong
 * @size: room there
 *
 * Return: whether the text is a sequence
 */
bool sequence_parse(struct sequence *seq, const char *text, char *why,
		    size_t size)
{
	char line[1024], copy[1024];
	size_t len;

	memset(seq, 0, sizeof(*seq));
	for (; *text; text += len + !!text[len]) {
		len = strcspn(text, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		if (!strcmp(line, "end"))
			return seq->nr_processes;
		memcpy(copy, line, sizeof(copy));
		if (!parse_line(seq, line)) {
			snprintf(why, size, "not understood: %s", copy);
			return false;
		}
	}
	snprintf(why, size, "there is no \"end\"");
	return false;
}

/* From a file, with a message if that is not possible. */
bool sequence_load(struct sequence *seq, const char *path)
{
	static char text[TEXT_SIZE * 2], why[1100];
	FILE *file = fopen(path, "re");
	size_t len;

	if (!file) {
		perror(path);
		return false;
	}
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	if (sequence_parse(seq, text, why, sizeof(why)))
		return true;
	fprintf(stderr, "fuzz: %s: %s\n", path, why);
	return false;
}
