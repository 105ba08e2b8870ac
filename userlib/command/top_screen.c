// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ipcbox top: the table on the screen, and what the keys do.
 */
#include <errno.h>
#include <time.h>

#include "top.h"

#define CLEAR_LINE	"\033[K\r\n"

static void draw_head(const struct top *top, enum top_by by, double interval)
{
	time_t now = time(NULL);
	struct tm local;
	char clock[16] = "";

	if (localtime_r(&now, &local))
		strftime(clock, sizeof(clock), "%H:%M:%S", &local);
	if (by == TOP_BY_USER)
		printf("%s  %zu users", clock, top->users_nr);
	else
		printf("%s  %zu ports", clock, top->stats_nr);
	printf(", by %s, every %g s   (q: quit, %s, s: sort)" CLEAR_LINE,
	       top->sort[by]->title, interval,
	       by == TOP_BY_USER ? "p: ports" : "u: users");
}

/* Bold is what somebody waits for. */
static void draw_row(const struct top *top, enum top_by by,
		     const struct table *table, size_t row)
{
	bool urgent = top_row_urgent(top, by, row);

	if (urgent)
		fputs("\033[1m", stdout);
	table_print_row(table, row);
	fputs(urgent ? "\033[m" CLEAR_LINE : CLEAR_LINE, stdout);
}

static int draw(const struct top *top, enum top_by by, double interval)
{
	struct table table;
	int rows, columns;
	size_t i;

	screen_size(&rows, &columns);
	top_table(top, by, &table);
	table_measure(&table, columns);
	fputs("\033[H", stdout);
	draw_head(top, by, interval);
	fputs("\033[7m", stdout);
	table_print_titles(&table);
	fputs("\033[m" CLEAR_LINE, stdout);
	for (i = 0; i < table.count && (int)i < rows - 3; i++)
		draw_row(top, by, &table, i);
	fputs("\033[J", stdout);
	return fflush(stdout) ? -errno : 0;
}

static int look(struct top *top, enum top_by by, int box)
{
	int err = top_look(top, box);

	return err || by == TOP_BY_PORT ? err : top_look_users(top, box);
}

/* 0, or a negative errno; SCREEN_END has been seen to. */
static int press(struct top *top, enum top_by *by, int box, int key)
{
	switch (key) {
	case SCREEN_TIME:
		return look(top, *by, box);
	case 'p':
		*by = TOP_BY_PORT;
		return 0;
	case 'u':
		*by = TOP_BY_USER;
		return top_look_users(top, box);
	case 's':
		top_sort_next(top, *by);
		return 0;
	default:
		return 0;
	}
}

static int run(struct top *top, enum top_by by, int box, double interval)
{
	double next = top_now();
	int err = look(top, by, box), key = SCREEN_TIME;

	while (!err) {
		if (key == SCREEN_TIME)
			next += interval;
		err = draw(top, by, interval);
		if (err)
			break;
		key = screen_wait(next - top_now());
		if (key == 'q' || key == SCREEN_END)
			return 0;
		err = press(top, &by, box, key);
	}
	return err;
}

int top_interactive(struct top *top, enum top_by by, int box, double interval)
{
	int err = screen_begin();

	if (err)
		return fail_file(err, "cannot use the terminal");
	err = run(top, by, box, interval);
	screen_end();
	return err ? fail(err, "cannot list %s", by == TOP_BY_USER ? "users" :
								     "ports") :
		     EXIT_OK;
}
