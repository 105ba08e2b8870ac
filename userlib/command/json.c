// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Ports, limits and messages as JSON.
 *
 * "No limit" is null. Numbers above 2^63 - 1, which only the type of a message
 * can be, are strings, because the library's integers end there.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "json.h"

struct json_list {
	json_t *array;
};

json_t *json_u64(uint64_t value)
{
	char text[24];

	if (value <= INT64_MAX)
		return json_integer((json_int_t)value);
	snprintf(text, sizeof(text), "%" PRIu64, value);
	return json_string(text);
}

static json_t *json_limit(uint64_t value, uint64_t unlimited)
{
	return value == unlimited ? json_null() : json_u64(value);
}

/* Text where it is UTF-8, else null. */
json_t *json_text(const void *data, size_t len)
{
	json_t *text = json_stringn(data, len);

	return text ? text : json_null();
}

static json_t *json_mode(uint32_t mode)
{
	char text[12];

	snprintf(text, sizeof(text), "%04o", mode);
	return json_string(text);
}

static void json_put_attributes(json_t *port, const struct ipcbox_stat *stat)
{
	json_object_set_new(port, "id", json_u64(stat->id));
	json_object_set_new(port, "name", stat->name[0] ?
			    json_text(stat->name, strlen(stat->name)) :
			    json_null());
	json_object_set_new(port, "kind",
			    json_string(ipcbox_kind_name(stat->kind)));
	json_object_set_new(port, "owner",
			    json_string(ipcbox_owner_name(stat->owner)));
	json_object_set_new(port, "sharing",
			    json_string(ipcbox_sharing_name(stat->sharing)));
	json_object_set_new(port, "mode", json_mode(stat->mode));
	json_object_set_new(port, "uid", json_integer(stat->uid));
	json_object_set_new(port, "gid", json_integer(stat->gid));
	json_object_set_new(port, "creator_uid",
			    json_integer(stat->creator_uid));
	json_object_set_new(port, "creator_pid",
			    json_integer(stat->creator_pid));
	json_object_set_new(port, "created_ns", json_u64(stat->created));
	json_object_set_new(port, "max_msgsize",
			    json_integer(stat->max_msgsize));
	json_object_set_new(port, "max_messages",
			    json_limit(stat->max_messages, IPCBOX_UNLIMITED));
	json_object_set_new(port, "max_bytes", json_limit(stat->max_bytes, 0));
	json_object_set_new(port, "max_deliveries",
			    json_limit(stat->max_deliveries, 0));
	json_object_set_new(port, "dead_letter",
			    json_limit(stat->dead_letter, 0));
}

json_t *json_stat(const struct ipcbox_stat *stat)
{
	const struct {
		const char *key;
		uint64_t value;
	} counters[] = {
		{ "messages", stat->messages },
		{ "bytes", stat->bytes },
		{ "taken", stat->taken },
		{ "held", stat->held },
		{ "lost", stat->lost },
		{ "dead_lettered", stat->dead_lettered },
		{ "next_size", stat->next_size },
		{ "sent", stat->sent },
		{ "received", stat->received },
		{ "sent_bytes", stat->sent_bytes },
		{ "received_bytes", stat->received_bytes },
		{ "senders", stat->senders },
		{ "receivers", stat->receivers },
		{ "handles", stat->handles },
		{ "waiting_senders", stat->waiting_senders },
		{ "waiting_receivers", stat->waiting_receivers },
		{ "lanes", stat->lanes },
	};
	json_t *port = json_object();
	size_t i;

	json_put_attributes(port, stat);
	for (i = 0; i < ARRAY_SIZE(counters); i++)
		json_object_set_new(port, counters[i].key,
				    json_u64(counters[i].value));
	return port;
}

/* The bits of a mask as the words for their numbers. */
static json_t *json_words(uint64_t mask, const char *(*word)(uint32_t))
{
	json_t *array = json_array();
	uint32_t i;

	for (i = 0; i < 64; i++)
		if (mask & 1ULL << i)
			json_array_append_new(array, json_string(word(i)));
	return array;
}

/* Print and free. */
int json_print(json_t *value)
{
	int err = json_dumpf(value, stdout, JSON_INDENT(2));

	json_decref(value);
	if (err)
		return fail_file(ENOMEM, "cannot print JSON");
	putchar('\n');
	return finish_stdout();
}

int json_print_stat(const struct ipcbox_stat *stat)
{
	return json_print(json_stat(stat));
}

int json_print_info(const struct ipcbox_info *info)
{
	json_t *object = json_object();

	json_object_set_new(object, "library", json_string(ipcbox_version()));
	json_object_set_new(object, "abi_version",
			    json_integer(info->abi_version));
	json_object_set_new(object, "kinds",
			    json_words(info->kinds, ipcbox_kind_name));
	json_object_set_new(object, "sharings",
			    json_words(info->sharings, ipcbox_sharing_name));
	json_object_set_new(object, "owners",
			    json_words(info->owners, ipcbox_owner_name));
	json_object_set_new(object, "call_flags", json_u64(info->call_flags));
	json_object_set_new(object, "msg_overhead",
			    json_integer(info->msg_overhead));
	json_object_set_new(object, "max_msgsize", json_u64(info->max_msgsize));
	json_object_set_new(object, "max_ports", json_u64(info->max_ports));
	json_object_set_new(object, "max_bytes", json_u64(info->max_bytes));
	json_object_set_new(object, "user_ports", json_u64(info->user_ports));
	json_object_set_new(object, "user_bytes", json_u64(info->user_bytes));
	json_object_set_new(object, "box_ports", json_u64(info->box_ports));
	return json_print(object);
}

struct json_list *json_list_new(void)
{
	struct json_list *list = malloc(sizeof(*list));

	if (list)
		list->array = json_array();
	return list;
}

int json_list_add(struct json_list *list, const struct ipcbox_stat *stat)
{
	return json_array_append_new(list->array, json_stat(stat));
}

/* Print and free. */
int json_list_print(struct json_list *list)
{
	json_t *array = list->array;

	free(list);
	return json_print(array);
}

/* RFC 4648; the JSON library has none. NULL without memory. */
static char *base64(const unsigned char *data, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *text = malloc((len / 3 + 1) * 4 + 1);
	char *out = text;
	size_t i;

	if (!text)
		return NULL;
	for (i = 0; i < len; i += 3) {
		unsigned int bits = (unsigned int)data[i] << 16;

		if (i + 1 < len)
			bits |= (unsigned int)data[i + 1] << 8;
		if (i + 2 < len)
			bits |= data[i + 2];
		*out++ = digits[bits >> 18];
		*out++ = digits[bits >> 12 & 63];
		*out++ = i + 1 < len ? digits[bits >> 6 & 63] : '=';
		*out++ = i + 2 < len ? digits[bits & 63] : '=';
	}
	*out = '\0';
	return text;
}

/* The payload: "text" if that is possible, else "base64". */
static int json_put_payload(json_t *object, const void *data, size_t len)
{
	json_t *text = json_stringn(data, len);
	char *encoded;

	if (text)
		return json_object_set_new(object, "text", text);
	encoded = base64(data, len);
	if (!encoded)
		return -1;
	text = json_string(encoded);
	free(encoded);
	return json_object_set_new(object, "base64", text);
}

/* A message as one line, to be freed by the caller; NULL without memory. */
char *json_message(const struct ipcbox_message *msg, const void *data)
{
	json_t *object = json_object();
	char *line = NULL;

	json_object_set_new(object, "id", json_u64(msg->id));
	json_object_set_new(object, "type", json_u64(msg->type));
	json_object_set_new(object, "priority", json_integer(msg->priority));
	json_object_set_new(object, "pid", json_integer(msg->pid));
	json_object_set_new(object, "tid", json_integer(msg->tid));
	json_object_set_new(object, "uid", json_integer(msg->uid));
	json_object_set_new(object, "gid", json_integer(msg->gid));
	json_object_set_new(object, "len", json_u64(msg->len));
	json_object_set_new(object, "redelivered",
			    json_boolean(msg->flags & IPCBOX_MSG_REDELIVERED));
	json_object_set_new(object, "dead_letter",
			    json_boolean(msg->flags & IPCBOX_MSG_DEAD_LETTER));
	if (!json_put_payload(object, data, msg->len))
		line = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	return line;
}

/* An event as one line, likewise. */
char *json_event(const struct ipcbox_event *event)
{
	json_t *object = json_object();
	char *line;

	json_object_set_new(object, "event",
			    json_string(ipcbox_event_name(event->what)));
	json_object_set_new(object, "count", json_u64(event->count));
	json_object_set_new(object, "time_ns", json_u64(event->time));
	json_object_set_new(object, "pid", json_integer(event->pid));
	json_object_set_new(object, "tid", json_integer(event->tid));
	json_object_set_new(object, "uid", json_integer(event->uid));
	json_object_set_new(object, "gid", json_integer(event->gid));
	line = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	return line;
}
