/*
 * blobs - files held by their SHA-256: DIR/<64 hex digits>, immutable once there.
 */
#ifndef SIM_OEM_BACKEND_BLOBS_H
#define SIM_OEM_BACKEND_BLOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct blob_ref {
	uint8_t sha256[32];
	uint64_t length;
};

/**
 * blobs_add_file() - copy a file into the store; blocks for as long as that takes
 * Return: 0, also if it is there already; -errno with @error filled.
 */
int blobs_add_file(const char *dir, const char *path, struct blob_ref *ref, char error[256]);

/* Return: a file descriptor, and the length; -errno */
int blobs_open(const char *dir, const uint8_t sha256[32], uint64_t *length);
/* whether it is there with this length */
bool blobs_has(const char *dir, const uint8_t sha256[32], uint64_t length);

/* a whole small blob, allocated; Return: 0; -EFBIG above @max; -errno */
int blobs_read(const char *dir, const uint8_t sha256[32], size_t max, uint8_t **bytes, size_t *n);

#endif
