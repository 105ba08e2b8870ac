/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the ipcbox command share.
 *
 * Each subcommand is a struct command in a file of its own; main.c finds it.
 * What two of them need is here: reading arguments, opening ports, telling
 * errors, printing JSON.
 */
#ifndef IPCBOX_COMMAND_H
#define IPCBOX_COMMAND_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <ipcbox_lane.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define PRINTF_LIKE(n)		__attribute__((format(printf, n, (n) + 1)))

/* Exit codes; main.c prints what they mean. */
enum exit_code {
	EXIT_OK		= 0,
	EXIT_ERROR	= 1,
	EXIT_USAGE	= 2,
	EXIT_NO_PORT	= 3,
	EXIT_WAIT	= 4,
	EXIT_DENIED	= 5,
	EXIT_DELETED	= 6,
	EXIT_EXISTS	= 7,
	EXIT_LIMIT	= 8,
	EXIT_NO_DEVICE	= 9,
};

/* Values of long options that have no letter start behind all letters. */
#define OPTION_LONG	256

/**
 * struct command - a subcommand
 * @name: what the user types
 * @summary: one line for the list of subcommands
 * @help: synopsis, options and examples
 * @run: gets the arguments from @name on, returns the exit code
 */
struct command {
	const char *name;
	const char *summary;
	const char *help;
	int (*run)(int argc, char **argv);
};

extern const struct command create_command;
extern const struct command rm_command;
extern const struct command ls_command;
extern const struct command stat_command;
extern const struct command info_command;
extern const struct command set_command;
extern const struct command send_command;
extern const struct command recv_command;
extern const struct command inbox_command;
extern const struct command call_command;
extern const struct command serve_command;
extern const struct command top_command;
extern const struct command graph_command;
extern const struct command watch_command;
extern const struct command pipe_command;
extern const struct command bench_command;

/* error.c: each prints a line on stderr and returns an exit code. */
int fail(int err, const char *format, ...) PRINTF_LIKE(2);
int fail_file(int err, const char *format, ...) PRINTF_LIKE(2);
int usage(const char *format, ...) PRINTF_LIKE(1);
void notice(const char *format, ...) PRINTF_LIKE(1);
int usage_told(void);
void set_running(const char *name);
int finish_stdout(void);

/* parse.c: 0, or EXIT_USAGE after a message that names @option. */
int parse_number(const char *option, const char *text, uint64_t max,
		 uint64_t *value);
int parse_priority(const char *text, uint32_t *priority);
int parse_process(const char *option, const char *text, uint64_t *pid);
int parse_size(const char *option, const char *text, uint64_t max,
	       uint64_t *value);
int parse_capacity(const char *option, const char *text, uint64_t *value);
int parse_mode(const char *option, const char *text, uint32_t *mode);
int parse_seconds(const char *option, const char *text, double *seconds);

/* names.c: users and groups. */
int parse_user(const char *option, const char *text, uint32_t *uid);
int parse_group(const char *option, const char *text, uint32_t *gid);
void user_name(uint32_t uid, char *name, size_t size);
void group_name(uint32_t gid, char *name, size_t size);

/* attributes.c: the options that create and set have in common. */

/**
 * struct attributes - attributes given on the command line
 * @set: values, and in @set.flags the IPCBOX_SET_* of those that were given
 * @dead_letter: name of the dead-letter port, whose id attributes_complete() puts
 *	into @set; NULL for none
 */
struct attributes {
	struct ipcbox_set set;
	const char *dead_letter;
};

#define ATTRIBUTE_OPTIONS						\
	{ "capacity",	 required_argument, NULL, 'c' },		\
	{ "bytes",	 required_argument, NULL, 'b' },		\
	{ "max-msgsize", required_argument, NULL, 's' },		\
	{ "mode",	 required_argument, NULL, 'm' },		\
	{ "uid",	 required_argument, NULL, 'u' },		\
	{ "gid",	 required_argument, NULL, 'g' },		\
	{ "dead-letter", required_argument, NULL, 'd' },		\
	{ "max-deliveries", required_argument, NULL, 'D' }

#define ATTRIBUTE_LETTERS	"c:b:s:m:u:g:d:D:"

#define ATTRIBUTE_HELP							\
"  -c, --capacity=N         messages the port holds before senders wait, or\n" \
"                           'unlimited'; 0 makes every send a rendezvous\n" \
"  -b, --bytes=SIZE         bytes it holds before senders wait, or 'unlimited'\n" \
"  -s, --max-msgsize=SIZE   largest message; 0 for the module's limit\n" \
"  -m, --mode=MODE          octal permissions: r may receive, w may send\n" \
"  -u, --uid=USER           user of the port, by name or number\n"	\
"  -g, --gid=GROUP          group of the port, by name or number\n"	\
"  -d, --dead-letter=PORT   where leased messages go that come back too often\n" \
"  -D, --max-deliveries=N   after so many deliveries; 'unlimited': they always\n" \
"                           return to their place\n"

int attribute_parse(struct attributes *attributes, int option,
		    const char *text);
int attributes_complete(struct attributes *attributes);

/* text.c: what may be shown of a name. */
size_t text_character(const char *text);
void text_safe(const char *text, char *safe, size_t size);
int text_width(const char *text);

/* table.c */

#define TABLE_COLUMNS	16	/* at most */

/* Room for any cell; names are the longest. */
#define TABLE_CELL	IPCBOX_NAME_SIZE

/**
 * struct table_column - a column
 * @title: its title
 * @cell: print the text of a row, at most TABLE_CELL bytes
 * @number: what it is sorted by, and it ends at the right; NULL for a text
 * @dispensable: the column with the highest is left out first, 0 never
 */
struct table_column {
	const char *title;
	void (*cell)(const void *row, char *cell);
	double (*number)(const void *row);
	int dispensable;
};

/**
 * struct table - rows, and how they are shown
 * @columns: columns
 * @columns_nr: their number
 * @rows: array of the rows
 * @row_size: size of one
 * @count: their number
 * @width: of each column, 0 if it is left out; from table_measure()
 */
struct table {
	const struct table_column *columns;
	size_t columns_nr;
	const void *rows;
	size_t row_size;
	size_t count;
	int width[TABLE_COLUMNS];
};

int terminal_width(void);
void table_measure(struct table *table, int limit);
void table_print_titles(const struct table *table);
void table_print_row(const struct table *table, size_t row);
const struct table_column *table_find(const struct table *table,
				      const char *title);
void table_sort(const struct table *table, const struct table_column *column,
		void *rows);

/* lists.c: from malloc(); 0 or a negative errno. */
int list_ports(int box, struct ipcbox_stat **ports, size_t *count);
int list_users(int box, struct ipcbox_user_entry **users, size_t *count);

/*
 * port.c: as in the library, but a failure has been told: it is the negative
 * of an exit code.
 */
int open_box(void);
int open_port(const char *name, uint32_t rights);
int find_port(const char *name, struct ipcbox_stat *stat);
void port_label(const struct ipcbox_stat *stat, char *label, size_t size);
int one_name(int argc, char **argv, const char **name);

/* links.c: who has what open. */

/**
 * struct link - what one process has open of one port
 * @pid: process
 * @port: id of the port
 * @rights: IPCBOX_RIGHT_* of its handles together
 * @handles: how many those are
 * @owner: the port belongs to the process, and goes with it
 */
struct link {
	pid_t pid;
	uint64_t port;
	uint32_t rights;
	unsigned int handles;
	bool owner;
};

/**
 * struct links - all that could be found
 * @links: array, to be freed; those of one process stand together
 * @count: its number of elements
 * @hidden: processes that this user may not look into
 * @net: number of the network namespace
 */
struct links {
	struct link *links;
	size_t count;
	unsigned int hidden;
	uint64_t net;
};

int links_read(struct links *links);
void process_name(pid_t pid, char *name, size_t size);

/* print.c: numbers as people read them. */
void print_size(uint64_t bytes, char *text, size_t size);
void print_time(uint64_t nanoseconds, char *text, size_t size);

/* json.c */
int json_print_stat(const struct ipcbox_stat *stat);
int json_print_info(const struct ipcbox_info *info);
struct json_list;
struct json_list *json_list_new(void);
int json_list_add(struct json_list *list, const struct ipcbox_stat *stat);
int json_list_print(struct json_list *list);
char *json_message(const struct ipcbox_message *msg, const void *data);
char *json_event(const struct ipcbox_event *event);

/* input.c: payloads to send. Both return an exit code. */

/**
 * struct payload - one message to send
 * @data: from malloc()
 * @len: its length
 */
struct payload {
	char *data;
	size_t len;
};

int input_whole(const char *path, size_t max, struct payload *payload);
int input_records(const char *path, int delimiter,
		  int (*each)(void *arg, const void *data, size_t len),
		  void *arg);

/* output.c: payloads that were received. */

enum output_format { OUTPUT_RAW, OUTPUT_LINES, OUTPUT_NULL, OUTPUT_JSON };

/**
 * struct output - where received messages go
 * @file: a stream of its own buffer
 * @path: for messages to the user
 * @format: what is written of a message
 * @unwritten: messages that may still be in the buffer
 */
struct output {
	FILE *file;
	const char *path;
	enum output_format format;
	uint64_t unwritten;
};

int output_open(struct output *output, const char *path,
		enum output_format format);
int output_message(struct output *output, const void *data,
		   const struct ipcbox_message *msg);
int output_flush(struct output *output);
int output_close(struct output *output, int exit_code);

/* ring.c: 0 and more, or a negative errno. */
int ring_lane(int port, struct ipcbox_lane **lane);
int ring_drain(int port, struct ipcbox_drain **drain);
ssize_t ring_recv(struct ipcbox_drain *drain, void **buf, size_t *size,
		  const struct ipcbox_options *options,
		  struct ipcbox_message *msg);

/* signals.c */
void signals_catch(void);
int signals_caught(void);
int signals_end(int exit_code);

#endif /* IPCBOX_COMMAND_H */
