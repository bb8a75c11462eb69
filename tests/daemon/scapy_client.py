#!/usr/bin/python3
"""scapy_client.py BUS CONTROL IMAGE - Scapy as the tester of a virtual ECU; prints a TAP line a test, without numbers.

Needs Debian's python3-scapy, so Debian's own python3: the one on PATH may be another.
The ECU is the one of test_scapy.sh: its addresses, key, identifiers and memory stand there."""
import json
import os
import socket
import sys
import time
import traceback
import zlib

from scapy_bus import UDS, uds_socket
from scapy.contrib.automotive import uds

KEY = bytes.fromhex("5ac3")
SERIAL = b"SERIAL-NUMBER-OF-30-CHARACTERS"
BASE = 0x08000000
BLOCK_DATA = 254  # max_block_length less service identifier and counter


class Ecu:
    def __init__(self, bus, tx_id, rx_id, **options):
        self.socket = uds_socket(bus, tx_id, rx_id, **options)

    def ask(self, request, timeout=5.0):
        """Return: the final answer; None if none came. Answers with NRC 78 are waited for."""
        self.socket.send(request)
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            if not self.socket.select([self.socket], max(0.0, until - time.monotonic())):
                break
            answer = self.socket.recv()
            if answer.service == 0x7F and answer.negativeResponseCode == 0x78:
                continue
            return answer
        return None


def positive(answer, request):
    assert answer is not None, "no answer"
    assert answer.service != 0x7F, answer.show(dump=True)
    assert answer.answers(request), answer.show(dump=True)
    return answer


def negative(answer, service, nrc):
    assert answer is not None, "no answer"
    assert (answer.service, answer.requestServiceId, answer.negativeResponseCode) == (0x7F, service, nrc), \
        answer.show(dump=True)


def session(ecu, kind):
    request = UDS() / uds.UDS_DSC(diagnosticSessionType=kind)
    return positive(ecu.ask(request), request)


def read(ecu, identifier):
    request = UDS() / uds.UDS_RDBI(identifiers=[identifier])
    return bytes(positive(ecu.ask(request), request)[uds.UDS_RDBIPR].payload)


def seed(ecu):
    request = UDS() / uds.UDS_SA(securityAccessType=1)
    return positive(ecu.ask(request), request).securitySeed


def send_key(ecu, key):
    return ecu.ask(UDS() / uds.UDS_SA(securityAccessType=2, securityKey=key))


def key_of(the_seed):
    return bytes(byte ^ KEY[at % len(KEY)] for at, byte in enumerate(the_seed))


def routine(ecu, identifier, option=b""):
    request = UDS() / uds.UDS_RC(routineControlType=1, routineIdentifier=identifier) / option
    return bytes(positive(ecu.ask(request), request)[uds.UDS_RCPR].payload)


def sessions_are_entered_with_the_times_announced(ecu):
    answer = session(ecu, 3)
    assert answer.sessionParameterRecord == bytes.fromhex("003201f4"), answer.sessionParameterRecord.hex()
    assert read(ecu, 0xF186) == b"\x03"
    session(ecu, 1)
    assert read(ecu, 0xF186) == b"\x01"


def an_identifier_is_read_in_several_frames(ecu):
    assert read(ecu, 0xF18C) == SERIAL, read(ecu, 0xF18C)


def refusals_carry_their_codes(ecu):
    session(ecu, 1)
    negative(ecu.ask(UDS() / uds.UDS_RDBI(identifiers=[0x1234])), 0x22, 0x31)
    negative(ecu.ask(UDS() / uds.UDS_DSC(diagnosticSessionType=0x55)), 0x10, 0x12)
    negative(ecu.ask(UDS() / uds.UDS_SA(securityAccessType=1)), 0x27, 0x7F)
    negative(ecu.ask(UDS() / uds.UDS_WDBI(dataIdentifier=0x0110) / b"1"), 0x2E, 0x7F)
    negative(ecu.ask(UDS() / uds.UDS_ER(resetType=0x22)), 0x11, 0x12)
    session(ecu, 3)
    negative(ecu.ask(UDS() / uds.UDS_WDBI(dataIdentifier=0x0110) / b"1"), 0x2E, 0x13)


def security_opens_to_the_right_key_alone(ecu):
    session(ecu, 3)
    the_seed = seed(ecu)
    assert len(the_seed) == 8 and any(the_seed)
    negative(send_key(ecu, bytes(8)), 0x27, 0x35)
    negative(send_key(ecu, key_of(the_seed)), 0x27, 0x24)
    answer = send_key(ecu, key_of(seed(ecu)))
    assert answer.service == 0x67 and answer.securityAccessType == 2, answer.show(dump=True)
    assert seed(ecu) == bytes(8), "an unlocked ECU answers with a seed of zeros"


def an_identifier_is_written_in_several_frames_and_read_back(ecu):
    session(ecu, 3)
    data = bytes(range(40))
    request = UDS() / uds.UDS_WDBI(dataIdentifier=0x0110) / data
    positive(ecu.ask(request), request)
    assert read(ecu, 0x0110) == data


def suppressed_tester_present_is_not_answered_and_holds_the_session(ecu):
    session(ecu, 3)
    silent = UDS() / uds.UDS_TP(subFunction=0x80)
    until = time.monotonic() + 1.6  # the ECU's S3 is 1 s
    while time.monotonic() < until:
        assert ecu.ask(silent, timeout=0.3) is None
    assert read(ecu, 0xF186) == b"\x03"
    request = UDS() / uds.UDS_TP(subFunction=0)
    positive(ecu.ask(request), request)
    time.sleep(1.4)
    assert read(ecu, 0xF186) == b"\x01"


def an_image_is_transferred_checked_and_started(ecu, image):
    session(ecu, 3)
    session(ecu, 2)
    assert send_key(ecu, key_of(seed(ecu))).service == 0x67
    assert routine(ecu, 0xFF00, b"\x44" + BASE.to_bytes(4, "big") + len(image).to_bytes(4, "big")) == b"\0"
    request = UDS() / uds.UDS_RD(memorySizeLen=4, memoryAddressLen=4, memoryAddress4=BASE, memorySize4=len(image))
    assert int.from_bytes(positive(ecu.ask(request), request).maxNumberOfBlockLength, "big") == BLOCK_DATA + 2
    for counter, at in enumerate(range(0, len(image), BLOCK_DATA), 1):
        request = UDS() / uds.UDS_TD(blockSequenceCounter=counter,
                                     transferRequestParameterRecord=image[at:at + BLOCK_DATA])
        positive(ecu.ask(request), request)
    negative(ecu.ask(UDS() / uds.UDS_TD(blockSequenceCounter=99, transferRequestParameterRecord=b"1")), 0x36, 0x73)
    request = UDS() / uds.UDS_RTE()
    positive(ecu.ask(request), request)
    assert routine(ecu, 0x0202, zlib.crc32(image).to_bytes(4, "big")) == b"\0"
    assert routine(ecu, 0xFF01) == b"\0"
    request = UDS() / uds.UDS_ER(resetType=1)
    positive(ecu.ask(request), request)
    time.sleep(0.2)
    assert read(ecu, 0xF181) == b"crc-%08x" % zlib.crc32(image)


def the_image_is_uploaded_again(ecu, image):
    session(ecu, 3)
    assert send_key(ecu, key_of(seed(ecu))).service == 0x67
    request = UDS() / uds.UDS_RU(memorySizeLen=4, memoryAddressLen=4, memoryAddress4=BASE, memorySize4=len(image))
    block = int.from_bytes(positive(ecu.ask(request), request).maxNumberOfBlockLength, "big") - 2
    read_back = b""
    for counter in range(1, -(-len(image) // block) + 1):
        request = UDS() / uds.UDS_TD(blockSequenceCounter=counter)
        read_back += positive(ecu.ask(request), request).transferResponseParameterRecord
    request = UDS() / uds.UDS_RTE()
    positive(ecu.ask(request), request)
    assert read_back == image


def trouble_codes_are_counted_listed_and_cleared(ecu):
    request = UDS() / uds.UDS_RDTCI(reportType=1, DTCStatusMask=0x08)
    answer = positive(ecu.ask(request), request)
    assert (answer.DTCStatusAvailabilityMask, answer.DTCFormatIdentifier, answer.DTCCount) == (0x2F, 1, 1)
    request = UDS() / uds.UDS_RDTCI(reportType=2, DTCStatusMask=0xFF)
    assert positive(ecu.ask(request), request).DTCAndStatusRecord == bytes.fromhex("c1000009")
    request = UDS() / uds.UDS_RDTCI(reportType=10)
    assert positive(ecu.ask(request), request).DTCAndStatusRecord == bytes.fromhex("c100000912345600")
    request = UDS() / uds.UDS_CDTCI(groupOfDTCHighByte=0xFF, groupOfDTCMiddleByte=0xFF, groupOfDTCLowByte=0xFF)
    positive(ecu.ask(request), request)
    request = UDS() / uds.UDS_RDTCI(reportType=2, DTCStatusMask=0x2F)
    assert positive(ecu.ask(request), request).DTCAndStatusRecord == b""


def a_deauthentication_is_confirmed(ecu):
    request = UDS() / uds.UDS_AUTH(subFunction=0)
    answer = positive(ecu.ask(request), request)
    assert answer.returnValue == 0x10, answer.show(dump=True)  # deAuthenticationSuccessful


def say(control, line):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(control)
        client.sendall(line.encode() + b"\n")
        return json.loads(client.makefile().readline())


def faults_come_by_the_control_socket_and_wait_for_their_request(ecu, control):
    session(ecu, 1)
    for wrong in ("silent", "silent 1 at", "silent 1 at 0", "silent 1 at 22 after", "silent 1 on 22",
                  "reset at 36 after 1 2"):
        assert "error" in say(control, "fault peer " + wrong), wrong
    assert "error" not in say(control, "fault peer reset at 22 after 1")
    assert "error" not in say(control, "fault peer wrong-sequence 1")
    request = UDS() / uds.UDS_RDBI(identifiers=[0xF18C])
    assert ecu.ask(request, timeout=1.5) is None, "a wrong sequence number is seen"
    assert ecu.ask(request, timeout=0.5) is None, "the ECU resets at the second request"
    assert read(ecu, 0xF18C) == SERIAL
    status = say(control, "status")
    peer = [each for each in status["ecus"] if each["name"] == "peer"][0]
    assert peer["faults_waiting"] == 0 and peer["resets"] >= 1, peer


def long_messages_pass_in_both_directions(ecu, serial):
    session(ecu, 3)
    assert read(ecu, 0xF18C) == serial
    data = bytes(range(32))
    request = UDS() / uds.UDS_WDBI(dataIdentifier=0x0110) / data
    positive(ecu.ask(request), request)
    assert read(ecu, 0x0110) == data


def extended_addressing(bus):
    ecu = Ecu(bus, 0x6F1, 0x612, ext_address=0x12, rx_ext_address=0xF1)
    long_messages_pass_in_both_directions(ecu, b"EXTENDED-ADDRESSING-OF-ISO-TP")


def normal_fixed_addressing(bus):
    ecu = Ecu(bus, 0x18DA34F1, 0x18DAF134)
    long_messages_pass_in_both_directions(ecu, b"NORMAL-FIXED-OF-ISO-TP")


def main():
    bus, control, image = sys.argv[1], sys.argv[2], open(sys.argv[3], "rb").read()
    ecu = Ecu(bus, 0x7E0, 0x7E8)
    tests = (
        (sessions_are_entered_with_the_times_announced, ecu),
        (an_identifier_is_read_in_several_frames, ecu),
        (refusals_carry_their_codes, ecu),
        (security_opens_to_the_right_key_alone, ecu),
        (an_identifier_is_written_in_several_frames_and_read_back, ecu),
        (suppressed_tester_present_is_not_answered_and_holds_the_session, ecu),
        (an_image_is_transferred_checked_and_started, ecu, image),
        (the_image_is_uploaded_again, ecu, image),
        (trouble_codes_are_counted_listed_and_cleared, ecu),
        (a_deauthentication_is_confirmed, ecu),
        (faults_come_by_the_control_socket_and_wait_for_their_request, ecu, control),
        (extended_addressing, bus),
        (normal_fixed_addressing, bus),
    )
    for test, *arguments in tests:
        sentence = "Scapy as tester: " + test.__name__.replace("_", " ")
        try:
            test(*arguments)
            print("ok -", sentence)
        except Exception:  # pylint: disable=broad-except
            print("not ok -", sentence)
            print("#", traceback.format_exc().rstrip().replace("\n", "\n# "))


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # Scapy's timer thread would go on
