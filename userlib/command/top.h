/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of ipcbox top share.
 */
#ifndef IPCBOX_COMMAND_TOP_H
#define IPCBOX_COMMAND_TOP_H

#include "command.h"

enum top_by { TOP_BY_PORT, TOP_BY_USER, TOP_BY_NR };

/**
 * struct top_port - a port, and what went through it since the last look
 * @stat: as it is now
 * @sent: messages for each second
 * @received: likewise
 * @sent_bytes: bytes of payload for each second
 * @received_bytes: likewise
 */
struct top_port {
	struct ipcbox_stat stat;
	double sent;
	double received;
	double sent_bytes;
	double received_bytes;
};

/**
 * struct top - what there was at the last look
 * @time: when that was, CLOCK_MONOTONIC in seconds; 0 before the first
 * @elapsed: seconds since the one before
 * @stats: ports, in the order of their ids
 * @stats_nr: their number
 * @ports: the same with rates, in the order of the table
 * @users: users, likewise
 * @users_nr: their number
 * @sort: column that each table is sorted by
 */
struct top {
	double time;
	double elapsed;
	struct ipcbox_stat *stats;
	size_t stats_nr;
	struct top_port *ports;
	struct ipcbox_user_entry *users;
	size_t users_nr;
	const struct table_column *sort[TOP_BY_NR];
};

/* top_look.c: 0 or a negative errno. */
double top_now(void);
int top_look(struct top *top, int box);
int top_look_users(struct top *top, int box);
void top_free(struct top *top);

/* top_table.c */
void top_sort_default(struct top *top);
int top_sort_by(struct top *top, enum top_by by, const char *title);
void top_sort_next(struct top *top, enum top_by by);
void top_table(const struct top *top, enum top_by by, struct table *table);
bool top_row_urgent(const struct top *top, enum top_by by, size_t row);
double top_percent(uint64_t part, uint64_t whole);

/* top_json.c */
int top_json(const struct top *top, enum top_by by);

/* top_screen.c: the interactive one; returns an exit code. */
int top_interactive(struct top *top, enum top_by by, int box, double interval);

/*
 * screen.c: the terminal, while it is ours. screen_wait() returns a key, or one
 * of these.
 */
enum { SCREEN_TIME = -1, SCREEN_AGAIN = -2, SCREEN_END = -3 };

bool screen_possible(void);
int screen_begin(void);
int screen_wait(double seconds);
void screen_size(int *rows, int *columns);
void screen_end(void);

#endif /* IPCBOX_COMMAND_TOP_H */
