/*
 * blob_store_priv - paths shared by blob_store.c (files held) and blob_writer.c (files being fetched).
 */
#ifndef GATEWAYD_IO_BLOB_STORE_PRIV_H
#define GATEWAYD_IO_BLOB_STORE_PRIV_H

#include "gatewayd/io/blob_store.h"

#define BLOB_PATH_BYTES 700u

struct blob_store {
	uv_loop_t *loop;
	char images[600];
	char partial[600];
};

void blob_partial_path(const struct blob_store *self, const uint8_t sha256[32], char *path, size_t n);

#endif
