/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files that make JSON share; the others need not know the library.
 */
#ifndef IPCBOX_COMMAND_JSON_H
#define IPCBOX_COMMAND_JSON_H

#include <jansson.h>

#include "command.h"

json_t *json_u64(uint64_t value);
json_t *json_text(const void *data, size_t len);
json_t *json_stat(const struct ipcbox_stat *stat);
int json_print(json_t *value);

#endif /* IPCBOX_COMMAND_JSON_H */
