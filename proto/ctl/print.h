/*
 * print - any message of ours as text or JSON, by its descriptor: enumerations by name, bytes as hex, times as ISO
 * 8601.
 */
#ifndef CTL_PRINT_H
#define CTL_PRINT_H

#include <protobuf-c/protobuf-c.h>
#include <stdio.h>

#include "common/json.h"

/* fields one a line, nested ones indented; what is empty or 0 is left out */
void print_text(FILE *out, const ProtobufCMessage *message, unsigned indent);
/* one object; times stay numbers */
void print_json(struct json *json, const ProtobufCMessage *message);

#endif
