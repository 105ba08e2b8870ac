/* SPDX-License-Identifier: GPL-2.0-only */
/* What the rows of commands name */
#ifndef FUZZ_CHECKS_H
#define FUZZ_CHECKS_H

#include <stdbool.h>
#include <stdint.h>

struct context;

void check_info(struct context *ctx);
void check_create(struct context *ctx);
void check_open(struct context *ctx);
void check_inbox(struct context *ctx);
void check_pipe(struct context *ctx);
void check_ring_attach(struct context *ctx);
void check_connect(struct context *ctx);
void check_connect_failed(struct context *ctx);
void check_accept(struct context *ctx);
void check_refuse(struct context *ctx);
void check_shutdown(struct context *ctx);
void check_stat(struct context *ctx);
void check_list(struct context *ctx);
void check_users(struct context *ctx);
void check_send(struct context *ctx);
void check_recv(struct context *ctx);
void check_recv_failed(struct context *ctx);
void check_ack(struct context *ctx);
void check_nack(struct context *ctx);
void check_call(struct context *ctx);
void check_call_failed(struct context *ctx);
void check_reply(struct context *ctx);
void check_reply_failed(struct context *ctx);

/* ports.c */
void port_made(uint64_t id);
uint32_t place_made(const struct context *ctx, uint64_t id);
void handle_made(struct context *ctx, uint32_t place, uint32_t sharing,
		 bool crossed);

/* checks.c */
void outcome_note(const struct context *ctx, uint32_t outcome);

#endif /* FUZZ_CHECKS_H */
