// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ipcbox info: what the module can do, and the limits.
 */
#include <unistd.h>

#include "command.h"

static const char info_help[] =
"Usage: ipcbox info [OPTION]...\n"
"\n"
"Show what the module can do, its limits, and how much of them this user and\n"
"this box use.\n"
"\n"
"Options:\n"
"  -j, --json               as a JSON object\n"
"  -h, --help               this text\n"
"\n"
"Examples:\n"
"  ipcbox info\n"
"  ipcbox info --json | jq .max_msgsize\n";

static void print_words(const char *label, uint64_t mask,
			const char *(*word)(uint32_t))
{
	uint32_t i;

	printf("%-18s", label);
	for (i = 0; i < 64; i++)
		if (mask & 1ULL << i)
			printf(" %s", word(i));
	putchar('\n');
}

static void print_bytes(const char *label, uint64_t bytes)
{
	char text[32];

	print_size(bytes, text, sizeof(text));
	printf("%-18s %s bytes\n", label, text);
}

static int info_print(const struct ipcbox_info *info)
{
	printf("%-18s %s\n", "library", ipcbox_version());
	printf("%-18s %u\n", "ABI version", info->abi_version);
	print_words("kinds", info->kinds, ipcbox_kind_name);
	print_words("owners", info->owners, ipcbox_owner_name);
	print_words("sharing", info->sharings, ipcbox_sharing_name);
	print_bytes("largest message", info->max_msgsize);
	print_bytes("message overhead", info->msg_overhead);
	printf("%-18s %llu of %llu\n", "ports of this user",
	       (unsigned long long)info->user_ports,
	       (unsigned long long)info->max_ports);
	printf("%-18s %llu of %llu bytes\n", "queued by user",
	       (unsigned long long)info->user_bytes,
	       (unsigned long long)info->max_bytes);
	printf("%-18s %llu\n", "ports in this box",
	       (unsigned long long)info->box_ports);
	return finish_stdout();
}

static int info_show(bool json)
{
	struct ipcbox_info info;
	int box = open_box();
	int err;

	if (box < 0)
		return -box;
	err = ipcbox_box_info(box, &info);
	close(box);
	if (err)
		return fail(err, "cannot ask the module");
	return json ? json_print_info(&info) : info_print(&info);
}

static int info_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "j", options, NULL)) != -1) {
		if (option != 'j')
			return usage_told();
		json = true;
	}
	if (optind < argc)
		return usage("'%s' is one argument too many", argv[optind]);
	return info_show(json);
}

const struct command info_command = {
	.name = "info",
	.summary = "show what the module can do, and the limits",
	.help = info_help,
	.run = info_run,
};
