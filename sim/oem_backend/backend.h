/*
 * backend - what the parts of the reference backend share: its configuration, keys, database, and who is connected.
 *
 * One loop, one thread; only the copying of files into the blob store runs in libuv's pool. Commits and reads of blobs
 * stay on the loop: this is the reference for the protocol, not a fleet's back end.
 */
#ifndef SIM_OEM_BACKEND_BACKEND_H
#define SIM_OEM_BACKEND_BACKEND_H

#include <uv.h>

#include "common/tls_conn.h"
#include "proto/crypto.h"
#include "proto/envelope.h"
#include "proto/stream.h"
#include "sim/oem_backend/config.h"
#include "sim/oem_backend/store.h"

struct session;
struct control;
struct strategy;

/* faults and limits that a test asks for by `oemctl debug` */
struct faults {
	bool drop_armed;
	uint64_t drop_after; /* bytes of blobs still to be sent before the connection is closed, once */
	uint64_t rate;       /* bytes a second of each session's blobs; 0 = as fast as they go */
};

struct backend {
	uv_loop_t *loop;
	const struct config *config;
	struct store store;
	struct crypto_key *director_key;
	struct crypto_key *time_key;
	struct trust_role authors;
	struct trust_role directors; /* our own public key: what we sign is read back as a vehicle would */
	struct tls_context *tls;
	struct strategy *strategy; /* NULL: all campaigns are as their requests say */
	uv_tcp_t listener;
	uint16_t port; /* that it listens on */
	bool listening;
	uv_timer_t rollouts; /* of rollout_run */
	bool rollouts_open;
	struct session *sessions;
	struct control *control;
	struct faults faults;
	/* one frame at a time is packed here */
	uint8_t frame[STREAM_HEADER_BYTES + STREAM_MAX_FRAME_BYTES];
};

/* @error: filled when not 0. Return: 0 or -errno */
int backend_open(struct backend *self, uv_loop_t *loop, const struct config *config, char error[512]);
/* listens for vehicles and for oemctl, and writes the port file */
int backend_listen(struct backend *self, char error[512]);
/* closes what is open; the loop then runs empty; after that backend_close() */
void backend_stop(struct backend *self);
void backend_close(struct backend *self);

/* reads the strategy's file anew; a wrong one changes nothing. Vehicles register again if their modes changed */
void backend_reload(struct backend *self);

uint64_t backend_now_s(void);

/* the vehicle's session that is registered, NULL */
struct session *backend_session(struct backend *self, const char *vehicle);

#endif
