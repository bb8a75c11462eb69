/*
 * director - the document that the backend signs for one vehicle: all its live campaigns, with a rising version.
 */
#ifndef SIM_OEM_BACKEND_DIRECTOR_H
#define SIM_OEM_BACKEND_DIRECTOR_H

#include "sim/oem_backend/backend.h"

#define DIRECTOR_VALID_S       (30u * 24u * 3600u)
#define DIRECTOR_RENEW_S       (24u * 3600u) /* signed anew when less is left */
#define DIRECTOR_MAX_CAMPAIGNS 8u            /* as metadata.proto says */

/**
 * director_rebuild() - sign the vehicle's next document; the caller holds a transaction
 *
 * It is read back with the checks that a vehicle makes, so that no campaign gets in that every vehicle would refuse.
 *
 * Return: 0; 1 a vehicle would refuse it, @error says why; -errno with @error.
 */
int director_rebuild(struct backend *backend, const char *vehicle, char error[256]);

/**
 * director_get() - the vehicle's document, signed anew if it is about to expire or older than the one held
 * @held: version that the vehicle holds
 * @envelope: allocated, free() it
 * Return: 1 there is one; 0 there is none; -errno, logged.
 */
int director_get(struct backend *backend, const char *vehicle, uint64_t held, uint64_t *version, uint8_t **envelope,
		 size_t *n);

#endif
