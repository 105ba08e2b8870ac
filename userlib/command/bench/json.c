// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Outcomes as JSON, with the machine that they are of.
 */
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "../json.h"
#include "bench.h"

static json_t *root, *results, *omitted;

/* The first of its lines in /proc/cpuinfo, if there is one. */
static json_t *json_cpu_model(void)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	json_t *model = json_null();
	char line[256];
	char *text;

	while (file && json_is_null(model) &&
	       fgets(line, sizeof(line), file)) {
		text = strstr(line, ": ");
		if (text && !strncmp(line, "model name", 10))
			model = json_text(text + 2, strcspn(text + 2, "\n"));
	}
	if (file)
		fclose(file);
	return model;
}

static json_t *json_machine(const struct settings *settings)
{
	json_t *object = json_object();
	struct utsname name;

	uname(&name);
	json_object_set_new(object, "kernel", json_string(name.release));
	json_object_set_new(object, "architecture", json_string(name.machine));
	json_object_set_new(object, "processor", json_cpu_model());
	json_object_set_new(object, "cpus", json_u64(settings->cpus_nr));
	json_object_set_new(object, "memory_bytes",
			    json_integer((json_int_t)sysconf(_SC_PHYS_PAGES) *
					 sysconf(_SC_PAGESIZE)));
	return object;
}

static json_t *json_transports(void)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < transports_nr; i++) {
		json_t *object = json_object();

		json_object_set_new(object, "name",
				    json_string(transports[i]->name));
		json_object_set_new(object, "group",
				    json_string(transports[i]->group));
		json_object_set_new(object, "about",
				    json_string(transports[i]->about));
		json_array_append_new(array, object);
	}
	return array;
}

static void json_begin(const struct settings *settings)
{
	root = json_object();
	results = json_array();
	omitted = json_array();
	json_object_set_new(root, "version", json_string(ipcbox_version()));
	json_object_set_new(root, "time", json_integer(time(NULL)));
	json_object_set_new(root, "machine", json_machine(settings));
	json_object_set_new(root, "repeats", json_integer(settings->repeats));
	json_object_set_new(root, "duration_ns",
			    json_integer((json_int_t)settings->duration));
	json_object_set_new(root, "verified", json_boolean(settings->verify));
	json_object_set_new(root, "transports", json_transports());
	json_object_set_new(root, "results", results);
	json_object_set_new(root, "omitted", omitted);
}

static json_t *json_trial(const struct trial *trial)
{
	json_t *object = json_object();

	json_object_set_new(object, "transport",
			    json_string(trial->transport->name));
	json_object_set_new(object, "measure",
			    json_string(measure_names[trial->measure]));
	json_object_set_new(object, "cpus",
			    json_string(place_names[trial->place]));
	json_object_set_new(object, "size",
			    json_integer((json_int_t)trial->len));
	json_object_set_new(object, "producers",
			    json_integer(trial->producers));
	json_object_set_new(object, "consumers",
			    json_integer(trial->consumers));
	return object;
}

static void json_outcome(const struct trial *trial,
			 const struct outcome *outcome)
{
	const struct {
		const char *key;
		double value;
	} figures[] = {
		{ "median_ns", outcome->median },
		{ "quartile1_ns", outcome->quartile[0] },
		{ "quartile3_ns", outcome->quartile[1] },
		{ "least_ns", outcome->extreme[0] },
		{ "most_ns", outcome->extreme[1] },
		{ "switches", outcome->switches },
	};
	json_t *object = json_trial(trial);
	size_t i;

	if (outcome->err) {
		json_object_set_new(object, "reason",
				    json_string(outcome_reason(outcome)));
		json_array_append_new(omitted, object);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(figures); i++)
		json_object_set_new(object, figures[i].key,
				    json_real(figures[i].value));
	json_object_set_new(object, "messages", json_u64(outcome->messages));
	json_array_append_new(results, object);
}

static int json_end(void)
{
	return json_print(root);
}

const struct writer json_writer = {
	.begin = json_begin,
	.outcome = json_outcome,
	.end = json_end,
};
