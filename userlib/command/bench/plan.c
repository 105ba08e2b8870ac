// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the command line of ipcbox bench asks for: lists of values, all of whose
 * combinations are measured, and settings.
 */
#include <string.h>

#include "bench.h"

#define LEN_MAX		(16 * MIB)

/* Lists */

typedef int (*parse_value)(const char *option, const char *text,
			   uint64_t *value);

static int parse_list(const char *option, char *text, parse_value parse,
		      struct list *list)
{
	char *word, *rest = NULL;
	int code = 0;

	list->nr = 0;
	for (word = strtok_r(text, ",", &rest); !code && word;
	     word = strtok_r(NULL, ",", &rest)) {
		if (list->nr == LIST_MAX)
			return usage("%s: more than %d values", option,
				     LIST_MAX);
		code = parse(option, word, &list->values[list->nr++]);
	}
	if (!code && !list->nr)
		return usage("%s takes a list, such as a,b", option);
	return code;
}

/* One of two words. */
static int parse_word(const char *option, const char *text,
		      const char *const words[2], uint64_t *value)
{
	for (*value = 0; *value < 2; ++*value)
		if (!strcmp(text, words[*value]))
			return 0;
	return usage("%s takes %s and %s, not '%s'", option, words[0], words[1],
		     text);
}

static int parse_measure(const char *option, const char *text, uint64_t *value)
{
	return parse_word(option, text, measure_names, value);
}

static int parse_place(const char *option, const char *text, uint64_t *value)
{
	return parse_word(option, text, place_names, value);
}

static int parse_length(const char *option, const char *text, uint64_t *value)
{
	int code = parse_size(option, text, LEN_MAX, value);

	if (!code && !*value)
		return usage("%s: an empty message tells nothing", option);
	return code;
}

static int parse_processes(const char *option, const char *text,
			   uint64_t *value)
{
	int code = parse_number(option, text, SIDE_MAX, value);

	if (!code && !*value)
		return usage("%s takes numbers from 1 to %d, not 0", option,
			     SIDE_MAX);
	return code;
}

/* Options */

static int parse_repeats(const char *text, unsigned int *repeats)
{
	uint64_t value = 0;
	int code = parse_number("--repeats", text, REPEATS_MAX, &value);

	if (!code && !value)
		return usage("--repeats takes a number from 1 to %d, not 0",
			     REPEATS_MAX);
	*repeats = (unsigned int)value;
	return code;
}

static int parse_duration(const char *text, uint64_t *duration)
{
	double seconds = 0;
	int code = parse_seconds("--duration", text, &seconds);

	if (!code && seconds > 3600)
		return usage("--duration takes seconds up to 3600, not '%s'",
			     text);
	*duration = (uint64_t)(seconds * 1e9);
	return code;
}

static int parse_timeout(const char *text, unsigned int *timeout)
{
	uint64_t value = 0;
	int code = parse_number("--timeout", text, INT32_MAX, &value);

	*timeout = (unsigned int)value;
	return code;
}

static int plan_option(struct plan *plan, int option, char *text)
{
	switch (option) {
	case 'm':
		return parse_list("--measure", text, parse_measure,
				  &plan->measures);
	case 's':
		return parse_list("--sizes", text, parse_length, &plan->sizes);
	case 'p':
		return parse_list("--producers", text, parse_processes,
				  &plan->producers);
	case 'c':
		return parse_list("--consumers", text, parse_processes,
				  &plan->consumers);
	case 'C':
		return parse_list("--cpus", text, parse_place, &plan->places);
	case 'r':
		return parse_repeats(text, &plan->settings.repeats);
	case 'd':
		return parse_duration(text, &plan->settings.duration);
	case 't':
		return parse_timeout(text, &plan->settings.timeout);
	case 'V':
		plan->settings.verify = true;
		return 0;
	case 'b':
		plan->settings.batch = true;
		return 0;
	case 'l':
		plan->list = true;
		return 0;
	case 'j':
		plan->json = true;
		return 0;
	default:
		return usage_told();
	}
}

static int plan_transports(struct plan *plan, int argc, char **argv)
{
	size_t i;

	for (; optind < argc; optind++) {
		for (i = 0; i < transports_nr; i++)
			if (!strcmp(transports[i]->name, argv[optind]))
				break;
		if (i == transports_nr)
			return usage("there is no transport '%s', see --list",
				     argv[optind]);
		if (plan->transports.nr == LIST_MAX)
			return usage("more than %d transports", LIST_MAX);
		plan->transports.values[plan->transports.nr++] = i;
	}
	if (plan->transports.nr)
		return 0;
	for (i = 0; i < transports_nr; i++)
		plan->transports.values[plan->transports.nr++] = i;
	return 0;
}

int plan_parse(struct plan *plan, int argc, char **argv)
{
	static const struct option options[] = {
		{ "measure", required_argument, NULL, 'm' },
		{ "sizes", required_argument, NULL, 's' },
		{ "producers", required_argument, NULL, 'p' },
		{ "consumers", required_argument, NULL, 'c' },
		{ "cpus", required_argument, NULL, 'C' },
		{ "repeats", required_argument, NULL, 'r' },
		{ "duration", required_argument, NULL, 'd' },
		{ "timeout", required_argument, NULL, 't' },
		{ "verify", no_argument, NULL, 'V' },
		{ "batch", no_argument, NULL, 'b' },
		{ "list", no_argument, NULL, 'l' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	int option, code = 0;

	while (!code && (option = getopt_long(argc, argv, "m:s:p:c:C:r:d:t:Vblj",
					      options, NULL)) != -1)
		code = plan_option(plan, option, optarg);
	return code ? code : plan_transports(plan, argc, argv);
}
