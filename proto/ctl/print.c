#include "proto/ctl/print.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/ctl/tool.h"

/* a field's value, wherever it lies: single, member of a oneof or entry of a list */
struct field {
	const ProtobufCFieldDescriptor *type;
	const char *at; /* first value */
	size_t n;
};

static size_t size_of(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_ENUM:
		return 4;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return 8;
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	}
	return 0;
}

/* zero is what proto3 does not send, so it is left out here too */
static bool is_zero(const ProtobufCFieldDescriptor *type, const char *at)
{
	static const char zeros[sizeof(ProtobufCBinaryData)];

	if (type->type == PROTOBUF_C_TYPE_STRING)
		return (*(char *const *)(const void *)at)[0] == '\0';
	if (type->type == PROTOBUF_C_TYPE_BYTES)
		return ((const ProtobufCBinaryData *)(const void *)at)->len == 0;
	return memcmp(at, zeros, size_of(type->type)) == 0;
}

static struct field field_of(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *type)
{
	const char *base = (const char *)message;
	const char *at = base + type->offset;
	struct field f = {.type = type, .at = at, .n = 1};

	if (type->label == PROTOBUF_C_LABEL_REPEATED) {
		memcpy(&f.n, base + type->quantifier_offset, sizeof f.n);
		f.at = *(char *const *)(const void *)at;
	} else if (type->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
		uint32_t which;

		memcpy(&which, base + type->quantifier_offset, sizeof which);
		f.n = which == type->id;
	} else if (is_zero(type, at)) {
		f.n = 0;
	}
	return f;
}

static uint64_t unsigned_of(ProtobufCType type, const char *at)
{
	uint64_t wide = 0;
	uint32_t narrow;

	if (type == PROTOBUF_C_TYPE_BOOL)
		return *(const protobuf_c_boolean *)(const void *)at != 0;
	if (size_of(type) == 8) {
		memcpy(&wide, at, 8);
		return wide;
	}
	memcpy(&narrow, at, 4);
	return narrow;
}

static bool is_signed_number(ProtobufCType type)
{
	return type == PROTOBUF_C_TYPE_INT32 || type == PROTOBUF_C_TYPE_INT64 || type == PROTOBUF_C_TYPE_SINT32 ||
	       type == PROTOBUF_C_TYPE_SINT64;
}

static int64_t signed_of(ProtobufCType type, const char *at)
{
	uint64_t v = unsigned_of(type, at);

	return size_of(type) == 8 ? (int64_t)v : (int64_t)(int32_t)(uint32_t)v;
}

static const char *enum_name(const ProtobufCFieldDescriptor *type, const char *at)
{
	const ProtobufCEnumValue *v =
	    protobuf_c_enum_descriptor_get_value(type->descriptor, (int)signed_of(PROTOBUF_C_TYPE_INT32, at));

	return v ? v->name : "?";
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name);
	size_t n_end = strlen(end);

	return n >= n_end && strcmp(name + n - n_end, end) == 0;
}

static void print_number(FILE *out, const ProtobufCFieldDescriptor *type, const char *at)
{
	uint64_t v = unsigned_of(type->type, at);
	char words[32];

	if (ends_with(type->name, "_unix_s")) {
		tool_time_text(v, words);
		fputs(words, out);
	} else if (type->type == PROTOBUF_C_TYPE_BOOL) {
		fputs(v ? "true" : "false", out);
	} else if (is_signed_number(type->type)) {
		fprintf(out, "%" PRId64, signed_of(type->type, at));
	} else if (ends_with(type->name, "address") || ends_with(type->name, "_dids")) {
		fprintf(out, "0x%" PRIx64, v);
	} else {
		fprintf(out, "%" PRIu64, v);
	}
}

static void print_bytes(FILE *out, const char *at)
{
	ProtobufCBinaryData bytes;

	memcpy(&bytes, at, sizeof bytes);
	for (size_t i = 0; i < bytes.len; i++)
		fprintf(out, "%02x", bytes.data[i]);
}

static void print_value(FILE *out, const ProtobufCFieldDescriptor *type, const char *at, unsigned indent)
{
	if (type->type == PROTOBUF_C_TYPE_MESSAGE) {
		fputc('\n', out);
		print_text(out, *(ProtobufCMessage *const *)(const void *)at, indent + 1);
		return;
	}
	fputc(' ', out);
	if (type->type == PROTOBUF_C_TYPE_STRING)
		fputs(*(char *const *)(const void *)at, out);
	else if (type->type == PROTOBUF_C_TYPE_BYTES)
		print_bytes(out, at);
	else if (type->type == PROTOBUF_C_TYPE_ENUM)
		fputs(enum_name(type, at), out);
	else
		print_number(out, type, at);
	fputc('\n', out);
}

void print_text(FILE *out, const ProtobufCMessage *message, unsigned indent)
{
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		struct field f = field_of(message, &message->descriptor->fields[i]);

		for (size_t k = 0; k < f.n; k++) {
			fprintf(out, "%*s%s", (int)(2 * indent), "", f.type->name);
			if (f.type->label == PROTOBUF_C_LABEL_REPEATED)
				fprintf(out, "[%zu]", k);
			fputc(':', out);
			print_value(out, f.type, f.at + k * size_of(f.type->type), indent);
		}
	}
}

static void json_value(struct json *json, const ProtobufCFieldDescriptor *type, const char *at)
{
	ProtobufCBinaryData bytes;

	if (type->type == PROTOBUF_C_TYPE_MESSAGE) {
		print_json(json, *(ProtobufCMessage *const *)(const void *)at);
	} else if (type->type == PROTOBUF_C_TYPE_STRING) {
		json_string(json, *(char *const *)(const void *)at);
	} else if (type->type == PROTOBUF_C_TYPE_BYTES) {
		memcpy(&bytes, at, sizeof bytes);
		json_hex(json, bytes.data, bytes.len);
	} else if (type->type == PROTOBUF_C_TYPE_ENUM) {
		json_string(json, enum_name(type, at));
	} else if (type->type == PROTOBUF_C_TYPE_BOOL) {
		json_bool(json, unsigned_of(type->type, at) != 0);
	} else if (is_signed_number(type->type)) {
		json_int(json, signed_of(type->type, at));
	} else {
		json_uint(json, unsigned_of(type->type, at));
	}
}

void print_json(struct json *json, const ProtobufCMessage *message)
{
	json_object(json);
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *type = &message->descriptor->fields[i];
		struct field f = field_of(message, type);
		bool list = type->label == PROTOBUF_C_LABEL_REPEATED;

		if (!list && f.n == 0)
			continue;
		json_key(json, type->name);
		if (list)
			json_array(json);
		for (size_t k = 0; k < f.n; k++)
			json_value(json, type, f.at + k * size_of(type->type));
		if (list)
			json_array_end(json);
	}
	json_object_end(json);
}
