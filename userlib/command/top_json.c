// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ipcbox top: a look as a JSON object, on a line of its own.
 */
#include <errno.h>
#include <time.h>

#include "json.h"
#include "top.h"

static json_t *json_port(const struct top_port *port)
{
	json_t *object = json_stat(&port->stat);

	json_object_set_new(object, "sent_per_s", json_real(port->sent));
	json_object_set_new(object, "received_per_s",
			    json_real(port->received));
	json_object_set_new(object, "sent_bytes_per_s",
			    json_real(port->sent_bytes));
	json_object_set_new(object, "received_bytes_per_s",
			    json_real(port->received_bytes));
	return object;
}

static json_t *json_user(const struct ipcbox_user_entry *user)
{
	json_t *object = json_object();

	json_object_set_new(object, "uid", json_integer(user->uid));
	json_object_set_new(object, "ports", json_u64(user->ports));
	json_object_set_new(object, "max_ports", json_u64(user->max_ports));
	json_object_set_new(object, "ports_percent",
			    json_real(top_percent(user->ports,
						  user->max_ports)));
	json_object_set_new(object, "bytes", json_u64(user->bytes));
	json_object_set_new(object, "max_bytes", json_u64(user->max_bytes));
	json_object_set_new(object, "bytes_percent",
			    json_real(top_percent(user->bytes,
						  user->max_bytes)));
	return object;
}

static json_t *json_rows(const struct top *top, enum top_by by)
{
	json_t *array = json_array();
	struct table table;
	size_t i;

	top_table(top, by, &table);
	for (i = 0; i < table.count; i++)
		json_array_append_new(array, by == TOP_BY_USER ?
				      json_user(&top->users[i]) :
				      json_port(&top->ports[i]));
	return array;
}

int top_json(const struct top *top, enum top_by by)
{
	json_t *object = json_object();
	int err;

	json_object_set_new(object, "time", json_integer(time(NULL)));
	json_object_set_new(object, "seconds", json_real(top->elapsed));
	json_object_set_new(object, by == TOP_BY_USER ? "users" : "ports",
			    json_rows(top, by));
	err = json_dumpf(object, stdout, JSON_COMPACT);
	json_decref(object);
	if (err)
		return fail_file(ENOMEM, "cannot print JSON");
	putchar('\n');
	return finish_stdout();
}
