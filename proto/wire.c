#include "proto/wire.h"

#include <assert.h>

/* Source: the protobuf encoding, "Message Structure"; types 3 and 4, groups, are not of proto3. */
enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct cursor {
	const uint8_t *p;
	const uint8_t *end;
};

static bool read_varint(struct cursor *c, uint64_t *value)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && c->p < c->end; shift += 7) {
		uint8_t b = *c->p++;

		if (shift == 63 && b > 1)
			return false;
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80)) {
			*value = v;
			return true;
		}
	}
	return false;
}

static bool skip(struct cursor *c, uint64_t n)
{
	if (n > (size_t)(c->end - c->p))
		return false;
	c->p += n;
	return true;
}

/* one value: for WIRE_BYTES its content, for a varint its number */
static bool read_value(struct cursor *c, unsigned wire_type, uint64_t *number, struct cursor *content)
{
	switch (wire_type) {
	case WIRE_VARINT:
		return read_varint(c, number);
	case WIRE_FIXED64:
		return skip(c, 8);
	case WIRE_FIXED32:
		return skip(c, 4);
	case WIRE_BYTES:
		if (!read_varint(c, number))
			return false;
		content->p = c->p;
		if (!skip(c, *number))
			return false;
		content->end = c->p;
		return true;
	}
	return false;
}

static unsigned wire_type_of(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_BOOL:
	case PROTOBUF_C_TYPE_ENUM:
		return WIRE_VARINT;
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return WIRE_FIXED32;
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return WIRE_FIXED64;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return WIRE_BYTES;
	}
	return WIRE_BYTES;
}

static bool is_oneof(const ProtobufCFieldDescriptor *f)
{
	return (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

/* whether a single field, or another member of its oneof, was there before */
static bool is_again(const ProtobufCMessageDescriptor *type, size_t at, const size_t *seen)
{
	const ProtobufCFieldDescriptor *f = &type->fields[at];

	if (f->label == PROTOBUF_C_LABEL_REPEATED)
		return false;
	if (seen[at])
		return true;
	for (size_t i = 0; is_oneof(f) && i < type->n_fields; i++) {
		if (seen[i] && is_oneof(&type->fields[i]) && type->fields[i].quantifier_offset == f->quantifier_offset)
			return true;
	}
	return false;
}

static bool check_enum(struct check *check, const ProtobufCEnumDescriptor *type, uint64_t value)
{
	if (value <= INT32_MAX && protobuf_c_enum_descriptor_get_value(type, (int)value))
		return true;
	return check_fail(check, ENVELOPE_UNKNOWN_VALUE, NULL, "not a value that is known");
}

/* a list of numbers in one field */
static bool check_packed(struct check *check, const ProtobufCFieldDescriptor *f, struct cursor content)
{
	unsigned wire_type = wire_type_of(f->type);
	struct cursor none;
	uint64_t number = 0;

	while (content.p < content.end) {
		if (!read_value(&content, wire_type, &number, &none))
			return check_fail(check, ENVELOPE_MALFORMED, NULL, "cut off");
		if (f->type == PROTOBUF_C_TYPE_ENUM && !check_enum(check, f->descriptor, number))
			return false;
	}
	return true;
}

static bool check_message(struct check *check, const ProtobufCMessageDescriptor *type, struct cursor c, unsigned depth);

static bool check_value(struct check *check, const ProtobufCFieldDescriptor *f, unsigned wire_type, uint64_t number,
			struct cursor content, unsigned depth)
{
	if (f->label == PROTOBUF_C_LABEL_REPEATED && wire_type == WIRE_BYTES && wire_type_of(f->type) != WIRE_BYTES)
		return check_packed(check, f, content);
	if (wire_type != wire_type_of(f->type))
		return check_fail(check, ENVELOPE_MALFORMED, NULL, "of the wrong wire type");
	if (f->type == PROTOBUF_C_TYPE_ENUM)
		return check_enum(check, f->descriptor, number);
	if (f->type == PROTOBUF_C_TYPE_STRING && !text_is_clean(content.p, (size_t)(content.end - content.p)))
		return check_fail(check, ENVELOPE_MALFORMED, NULL, "not UTF-8, or with control characters");
	if (f->type == PROTOBUF_C_TYPE_MESSAGE)
		return check_message(check, f->descriptor, content, depth + 1);
	return true;
}

static bool check_message(struct check *check, const ProtobufCMessageDescriptor *type, struct cursor c, unsigned depth)
{
	size_t seen[WIRE_MAX_FIELDS] = {0};

	assert(type->n_fields <= WIRE_MAX_FIELDS);
	if (depth > WIRE_MAX_DEPTH)
		return check_fail(check, ENVELOPE_MALFORMED, NULL, "nested too deeply");
	while (c.p < c.end) {
		struct cursor content = {NULL, NULL};
		uint64_t key = 0;
		uint64_t number = 0;

		if (!read_varint(&c, &key) || key >> 3 == 0 || key > UINT32_MAX ||
		    !read_value(&c, (unsigned)(key & 7), &number, &content))
			return check_fail(check, ENVELOPE_MALFORMED, NULL, "not a message of this type, or cut off");
		const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(type, (unsigned)(key >> 3));

		if (!f)
			continue;
		size_t at = (size_t)(f - type->fields);

		if (is_again(type, at, seen))
			return check_fail(check, ENVELOPE_MALFORMED, f->name, "given twice");
		size_t mark = f->label == PROTOBUF_C_LABEL_REPEATED ? check_enter_at(check, f->name, seen[at])
								    : check_enter(check, f->name);

		seen[at]++;
		if (!check_value(check, f, (unsigned)(key & 7), number, content, depth))
			return false;
		check_leave(check, mark);
	}
	return true;
}

bool wire_check(struct check *check, const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t n)
{
	struct cursor c = {bytes, n ? bytes + n : bytes}; /* NULL may come with 0 */

	return check_message(check, type, c, 1);
}
