/*
 * validate - what a document must hold beyond its form: identifiers, limits, order, and that everything it asks of the
 * reader is known. The limits are those written in the comments of the .proto files.
 *
 * For the payloads of signed documents that have passed wire_check(), and for the frames of the session.
 */
#ifndef PROTO_VALIDATE_H
#define PROTO_VALIDATE_H

#include "proto/check.h"

#define VALIDATE_MAX_FILE_BYTES      (1ull << 40)
#define VALIDATE_MAX_DOC_BYTES       (1024u * 1024u) /* manifests and profiles */
#define VALIDATE_MAX_CHUNK_BYTES     (256u * 1024u)
#define VALIDATE_MAX_CHECK_SIGNATURE 512u

/* features that a campaign names if it has the fields they stand for */
#define VALIDATE_WINDOWS_RECURRING "windows-recurring-1"
#define VALIDATE_DEADLINE          "deadline-1"

/* each returns true, or false with the error set: UNKNOWN_FEATURE, UNKNOWN_VALUE or INVALID */
bool validate_rxswin(struct check *check, const char *field, Gu__Rxswin *const *rxswin, size_t n);
bool validate_manifest(struct check *check, const Gu__Manifest *manifest);
bool validate_director(struct check *check, const Gu__Director *director);
bool validate_frame(struct check *check, const Gu__Frame *frame);

/* a campaign's recurring windows, deadline and retry pause; validate_windows.c */
bool validate_times(struct check *check, const Gu__Campaign *campaign);

/* helpers, for the files of the validation */
bool validate_id(struct check *check, const char *name, const char *text);
bool validate_text(struct check *check, const char *name, const char *text, size_t max_bytes);
bool validate_digest(struct check *check, const char *name, ProtobufCBinaryData bytes);
bool validate_count(struct check *check, const char *name, size_t n, size_t min, size_t max);

#endif
