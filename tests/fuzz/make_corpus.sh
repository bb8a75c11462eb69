#!/bin/sh
# Makes the seeds of fuzz_stream, fuzz_session and fuzz_envelope anew from text, after a change of the .proto files.
# Needs protoc (protobuf-compiler). What it makes is checked in, so that a test run needs neither.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
proto=$here/../../proto
corpus=$here/corpus
mkdir -p "$corpus/fuzz_stream" "$corpus/fuzz_session" "$corpus/fuzz_envelope"

sha='0123456789abcdef0123456789abcdef'

frame() { # NAME TEXT
	printf '%s' "$2" | protoc --proto_path="$proto" --encode=gu.Frame "$proto/session.proto" >"$corpus/fuzz_session/$1"
}
# a payload behind the byte that chooses what it is
payload() { # NAME OCTAL TYPE TEXT
	{
		printf '%b' "\\0$2"
		printf '%s' "$4" | protoc --proto_path="$proto" --encode="gu.$3" "$proto/metadata.proto"
	} >"$corpus/fuzz_envelope/$1"
}

frame hello 'hello { protocol_version: 1 vehicle_id: "VIN-1" software: "gatewayd 0.1" }'
frame time_request "time_request { nonce: \"$sha\" }"
frame time_response 'time_response { signed_part: "x" signatures { key_id: "k" algorithm: SIGNATURE_ALGORITHM_ED25519 } }'
frame register 'register_ { vehicle_id: "VIN-1" ecus { name: "front" bus: "can0" hardware_id: "HW" serial_number: "1"
	application_version: "1.0" present: true } ecus { name: "rear" } features: "base-1" director_version: 3 }'
frame register_result 'register_result { accepted: true modes { urgency: URGENCY_HIGH mode: UPDATE_MODE_NEGOTIATED }
	heartbeat_s: 30 }'
frame heartbeat 'heartbeat { counter: 7 ignition: IGNITION_STATE_ON standstill: true battery_mv: 12600 }'
frame director 'director { signed_part: "x" }'
frame answer 'answer { campaign_id: "c" director_version: 3 kind: ANSWER_KIND_POSTPONE proposed_start_unix_s: 9 }'
frame confirm 'confirm { campaign_id: "c" director_version: 3 start_unix_s: 10 }'
frame blob_request "blob_request { sha256: \"$sha\" offset: 5 max_bytes: 1048576 }"
frame blob_chunk "blob_chunk { sha256: \"$sha\" offset: 5 length: 9 data: \"data\" }"
frame report 'report { sequence: 1 campaign_id: "c" ecu: "front" ecu_state: ECU_STATE_VERIFIED code: 0 unix_ms: 5
	result { old_version: "1" new_version: "2" payload_bytes: 4096 duration_ms: 900 evidence: EVIDENCE_SELF_REPORTED }
	queue_id: "q" }'
frame report_ack 'report_ack { sequence: 1 queue_id: "q" }'
frame error 'error { code: 1 text: "no" fatal: true }'

file="sha256: \"$sha\" length: 4096"
payload manifest 001 Manifest "required_features: \"base-1\" id: \"release-7\" description: \"words\"
	severity { score: 75 safety_relevant: true change: CHANGE_KIND_BUG_FIX deadline_unix_s: 9 }
	components { name: \"brake\" hardware_ids: \"HW\" profile { $file }
		units { kind: UNIT_KIND_APPLICATION image { $file } format: IMAGE_FORMAT_RAW base_address: 32768
			segments { address: 32768 length: 16 } segments { address: 40960 length: 16 }
			expected_version: \"2\" sources: \"session:\" }
		conditions { kind: CONDITION_KIND_BATTERY_MIN_MV value: 11800 } conditions { kind: CONDITION_KIND_STANDSTILL }
		functions_lost: \"brakes\" preserve_dids: 61840 release_counter: 2 }"
payload director 002 Director "required_features: \"base-1\" vehicle_id: \"VIN-1\" issued_unix_s: 5
	campaigns { id: \"c\" required_features: \"base-1\" manifest { $file } mode: UPDATE_MODE_NEGOTIATED
		urgency: URGENCY_HIGH window { start_unix_s: 1 end_unix_s: 2 }
		targets { ecu: \"front\" hardware_id: \"HW\" component: \"brake\" rollback_image { $file } }
		targets { ecu: \"rear\" hardware_id: \"HW\" component: \"brake\" no_rollback { } }
		conditions { kind: CONDITION_KIND_IGNITION_OFF } consent_required: true supersedes: \"b\" }"
payload envelope 000 Envelope "signed_part: \"\\n\\010manifest\\020\\001\\030\\007\"
	signatures { key_id: \"$sha\" algorithm: SIGNATURE_ALGORITHM_ECDSA_P256_SHA256 signature: \"s\" }"

# three frames, cut every second and every seventh byte; a length of 0; one that is too long
printf '\001\000\000\000\001a\000\000\000\003bcd\000\000\000\002ef' >"$corpus/fuzz_stream/three"
printf '\006\000\000\000\001a\000\000\000\003bcd\000\000\000\002ef' >"$corpus/fuzz_stream/three_by_seven"
printf '\003\000\000\000\001a\000\000\000\000' >"$corpus/fuzz_stream/zero"
printf '\003\000\000\000\100abc\000\020\000\001' >"$corpus/fuzz_stream/long"
