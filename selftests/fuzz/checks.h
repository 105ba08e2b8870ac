/* SPDX-License-Identifier: GPL-2.0-only */
/* What the rows of commands name */
#ifndef FUZZ_CHECKS_H
#define FUZZ_CHECKS_H

struct context;

void check_info(struct context *ctx);
void check_create(struct context *ctx);
void check_open(struct context *ctx);
void check_inbox(struct context *ctx);
void check_pipe(struct context *ctx);
void check_ring_attach(struct context *ctx);
void check_stat(struct context *ctx);
void check_list(struct context *ctx);
void check_users(struct context *ctx);
void check_send(struct context *ctx);
void check_recv(struct context *ctx);
void check_ack(struct context *ctx);
void check_nack(struct context *ctx);
void check_call(struct context *ctx);
void check_call_failed(struct context *ctx);
void check_reply(struct context *ctx);
void check_reply_failed(struct context *ctx);

#endif /* FUZZ_CHECKS_H */
