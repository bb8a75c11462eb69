/*
 * strategy_load - the strategy from its YAML file (docs/strategy.md), checked: a rule without conditions is the last
 * one and stands there, names are unique, each of the four classes is described, no mode is said twice.
 */
#ifndef SIM_OEM_BACKEND_STRATEGY_LOAD_H
#define SIM_OEM_BACKEND_STRATEGY_LOAD_H

#include "common/yaml_load.h"
#include "sim/oem_backend/strategy.h"

/**
 * strategy_load() - read and check a file
 * @strategy: freed with strategy_free()
 * @warn: called for each rule that never decides, with "FILE:LINE: rules[I]: …"; may be NULL
 * Return: 0; 1 or -errno with @error filled.
 */
int strategy_load(const char *path, struct strategy **strategy, void (*warn)(const char *text),
		  struct yaml_error *error);
void strategy_free(struct strategy *strategy); /* NULL is taken */

#endif
