/*
 * sim_files - the files that the simulated process holds, and what it makes of them before a flash; part of sim_io.
 */
#ifndef TESTS_SCENARIO_SIM_FILES_H
#define TESTS_SCENARIO_SIM_FILES_H

#include "tests/scenario/sim_io.h"

/* the file of that digest, an empty one if it is new */
struct sim_file *sim_files_of(struct sim_io *self, const struct file_ref *ref);
/* its bytes have the digest of its name */
bool sim_files_right(const struct sim_file *f);
/* @owner: the sim_io. Return: false if the file is not whole, or damaged */
bool sim_files_manifest(void *owner, const struct file_ref *ref, struct manifest_doc *manifest);
/* what GATEWAY_OUT_PREPARE asked for, by its place: profiles and images, checked and decoded; told to the gateway */
void sim_files_prepare(struct sim_io *self, uint8_t slot);
/* NULL is allowed */
void sim_files_free_prepared(struct sim_prepared *p);

#endif
