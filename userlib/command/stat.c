// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ipcbox stat: all about one port, as answers to the questions that a textbook
 * asks of a link: how it is established, between how many processes, how many
 * there may be, its direction, the size of its messages, and its capacity.
 */
#include <stdlib.h>

#include "command.h"

static const char stat_help[] =
"Usage: ipcbox stat [OPTION]... NAME\n"
"\n"
"Show all about one port: what it is, who may use it, who does, what is queued\n"
"and who waits. Anybody may.\n"
"\n"
"Options:\n"
"  -j, --json               as a JSON object\n"
"  -h, --help               this text\n"
"\n"
"Examples:\n"
"  ipcbox stat jobs\n"
"  ipcbox stat jobs --json | jq .messages\n";

#define LABEL	"%-16s "

static void print_identity(const struct ipcbox_stat *stat)
{
	char user[64], group[64];

	user_name(stat->uid, user, sizeof(user));
	group_name(stat->gid, group, sizeof(group));
	printf(LABEL "%s\n", "name", stat->name[0] ? stat->name : "-");
	printf(LABEL "@%llu\n", "id", (unsigned long long)stat->id);
	printf(LABEL "%s\n", "kind", ipcbox_kind_name(stat->kind));
	printf(LABEL "%04o, user %s, group %s\n", "mode", stat->mode, user,
	       group);
}

static void print_established(const struct ipcbox_stat *stat)
{
	char user[64], created[64];

	user_name(stat->creator_uid, user, sizeof(user));
	print_time(stat->created, created, sizeof(created));
	printf(LABEL "%s by user %s", "created", created, user);
	if (stat->creator_pid)
		printf(", process %d", stat->creator_pid);
	putchar('\n');
	printf(LABEL "by opening %s%s@%llu, as the mode permits\n",
	       "established", stat->name, stat->name[0] ? " or " : "",
	       (unsigned long long)stat->id);
}

static void print_owner(const struct ipcbox_stat *stat)
{
	static const char *const lives[] = {
		[IPCBOX_OWNER_KERNEL] = "lives until it is deleted",
		[IPCBOX_OWNER_PROCESS] =
			"lives as long as the process that created it, which alone receives",
		[IPCBOX_OWNER_HANDLE] = "lives until its last handle is closed",
	};
	const char *life = stat->owner < ARRAY_SIZE(lives) ?
			   lives[stat->owner] : "?";

	printf(LABEL "%s (%s)\n", "owner", ipcbox_owner_name(stat->owner), life);
}

static const char *who_gets_it(const struct ipcbox_stat *stat)
{
	static const char *const words[] = {
		[IPCBOX_SHARE_ANY] = "a message goes to the receiver that waits longest",
		[IPCBOX_SHARE_ONE] = "one process at a time receives, the others wait their turn",
		[IPCBOX_SHARE_PAIR] = "only two processes may open it",
		[IPCBOX_SHARE_ALL] = "every receiver gets every message, the slowest holds up senders",
		[IPCBOX_SHARE_ALL_LOSSY] = "every receiver gets every message, a slow one loses the oldest",
	};

	if (stat->kind == IPCBOX_KIND_RING)
		return "a lane belongs to the receiver that takes it first";
	return stat->sharing < ARRAY_SIZE(words) ? words[stat->sharing] :
						   "not known here";
}

/* Handles may be shared, or be several of one process. */
static unsigned int count_processes(const struct ipcbox_stat *stat,
				    const struct links *links)
{
	unsigned int count = 0;
	size_t i;

	for (i = 0; i < links->count; i++)
		count += links->links[i].port == stat->id;
	return count;
}

static void print_processes(const struct ipcbox_stat *stat,
			    const struct links *links)
{
	printf(LABEL "%s; now %u", "processes",
	       stat->sharing == IPCBOX_SHARE_PAIR ? "at most two" :
						    "any number",
	       count_processes(stat, links));
	if (links->hidden)
		printf(", and perhaps some of %u that this user may not look into",
		       links->hidden);
	printf("\n" LABEL "%u to send, %u to receive, %u in all\n", "handles",
	       stat->senders, stat->receivers, stat->handles);
	printf(LABEL "%s (%s)\n", "sharing", ipcbox_sharing_name(stat->sharing),
	       who_gets_it(stat));
	printf(LABEL "any number (every port is one more)\n", "links per pair");
	printf(LABEL "both: a handle sends, receives or does both, as its rights say\n",
	       "direction");
}

static void print_capacity(const struct ipcbox_stat *stat)
{
	char bytes[32];

	print_size(stat->max_msgsize, bytes, sizeof(bytes));
	printf(LABEL "variable, 0 to %s bytes\n", "message size", bytes);
	printf(LABEL, "capacity");
	if (stat->kind == IPCBOX_KIND_RING)
		printf("bounded, %llu lanes of",
		       (unsigned long long)stat->max_messages);
	else if (!stat->max_messages)
		printf("zero (rendezvous: a sender waits for its receiver)");
	else if (stat->max_messages != IPCBOX_UNLIMITED)
		printf("bounded, %llu messages",
		       (unsigned long long)stat->max_messages);
	else if (!stat->max_bytes)
		printf("unbounded (within the quota of each sender)");
	else
		printf("bounded");
	print_size(stat->max_bytes, bytes, sizeof(bytes));
	if (stat->max_messages && stat->max_bytes)
		printf("%s %s bytes",
		       stat->kind == IPCBOX_KIND_RING ? "" : ",", bytes);
	putchar('\n');
}

static void print_dead_letters(const struct ipcbox_stat *stat)
{
	if (!stat->max_deliveries && !stat->dead_lettered)
		return;
	printf(LABEL "%llu messages", "dead letters",
	       (unsigned long long)stat->dead_lettered);
	if (stat->dead_letter)
		printf(", after %u deliveries to @%llu", stat->max_deliveries,
		       (unsigned long long)stat->dead_letter);
	else if (stat->max_deliveries)
		printf("; the port for them is gone");
	putchar('\n');
}

static void print_traffic(const struct ipcbox_stat *stat)
{
	printf(LABEL "%llu messages, %llu bytes", "queued",
	       (unsigned long long)stat->messages,
	       (unsigned long long)stat->bytes);
	if (stat->messages)
		printf(", first of them %llu bytes",
		       (unsigned long long)stat->next_size);
	printf("\n" LABEL "%llu messages\n", "being received",
	       (unsigned long long)stat->taken);
	printf(LABEL "%llu messages, leased or requests without a reply\n",
	       "held", (unsigned long long)stat->held);
	print_dead_letters(stat);
	if (stat->sharing == IPCBOX_SHARE_ALL_LOSSY)
		printf(LABEL "%llu messages, by receivers that were too slow\n",
		       "lost", (unsigned long long)stat->lost);
	printf(LABEL "%llu messages, %llu bytes\n", "sent",
	       (unsigned long long)stat->sent,
	       (unsigned long long)stat->sent_bytes);
	printf(LABEL "%llu messages, %llu bytes\n", "received",
	       (unsigned long long)stat->received,
	       (unsigned long long)stat->received_bytes);
	printf(LABEL "%u to send, %u to receive\n", "waiting",
	       stat->waiting_senders, stat->waiting_receivers);
}

/* Of a ring, as its sides say; nobody counts records. */
static void print_lanes(const struct ipcbox_stat *stat)
{
	printf(LABEL "%u\n", "lanes", stat->lanes);
	printf(LABEL "%llu bytes\n", "queued", (unsigned long long)stat->bytes);
	printf(LABEL "%llu bytes\n", "sent",
	       (unsigned long long)stat->sent_bytes);
	printf(LABEL "%llu bytes\n", "received",
	       (unsigned long long)stat->received_bytes);
	printf(LABEL "%u lanes to send, %u lanes to receive\n", "waiting",
	       stat->waiting_senders, stat->waiting_receivers);
}

static int stat_print(const struct ipcbox_stat *stat,
		      const struct links *links)
{
	print_identity(stat);
	print_established(stat);
	print_owner(stat);
	print_processes(stat, links);
	print_capacity(stat);
	if (stat->kind == IPCBOX_KIND_RING)
		print_lanes(stat);
	else
		print_traffic(stat);
	return finish_stdout();
}

static int stat_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	struct links links = { 0 };
	struct ipcbox_stat stat;
	bool json = false;
	const char *name;
	int option, code;

	while ((option = getopt_long(argc, argv, "j", options, NULL)) != -1) {
		if (option != 'j')
			return usage_told();
		json = true;
	}
	code = one_name(argc, argv, &name);
	if (!code)
		code = -find_port(name, &stat);
	if (!code && !json)
		code = links_read(&links);
	if (!code)
		code = json ? json_print_stat(&stat) :
			      stat_print(&stat, &links);
	free(links.links);
	return code;
}

const struct command stat_command = {
	.name = "stat",
	.summary = "show all about one port",
	.help = stat_help,
	.run = stat_run,
};
