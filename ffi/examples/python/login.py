#!/usr/bin/env python3
"""A terminal and a verifier in one process, over ctypes: reads a simulated document and judges it.

    login.py LIBRDA LIBRDA_SIMULATOR PROFILE DOCUMENT-NUMBER BIRTH EXPIRY

Prints the verdict as JSON, and ends with 0 if the document is genuine and 1 if it is refused. It simulates a passport; with a
real one, `transmit` hands the command to your reader instead (pyscard: `connection.transmit`).
"""

import ctypes
import sys
import time
from ctypes import POINTER, byref, c_char_p, c_int32, c_int64, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p

OK = 0
FILE_NOT_FOUND = 32
NO_CHIP_PROOF = 57
TRAVEL_DOCUMENT = 1
DG1, DG14, DG15, CARD_ACCESS, SOD = 1, 14, 15, 28, 29

TRANSMIT = ctypes.CFUNCTYPE(c_int32, c_void_p, POINTER(c_uint8), c_size_t, POINTER(c_uint8), POINTER(c_size_t))
RESET = ctypes.CFUNCTYPE(c_int32, c_void_p)
PROGRESS = ctypes.CFUNCTYPE(None, c_void_p, c_uint32, c_uint32, c_size_t, c_size_t)


class Bytes(ctypes.Structure):
    _fields_ = [("data", POINTER(c_uint8)), ("len", c_size_t)]


class Error(ctypes.Structure):
    _fields_ = [
        ("code", c_int32),
        ("status_word", ctypes.c_uint16),
        ("keys_left", c_uint32),
        ("text_key", c_char_p),
        ("message", c_char_p),
    ]


class Conversation(ctypes.Structure):
    _fields_ = [
        ("access", c_uint32),
        ("short_identifiers", c_uint32),
        ("max_command", c_size_t),
        ("max_response", c_size_t),
        ("apdus", c_uint32),
        ("resumes", c_uint32),
        ("bytes_sent", c_uint64),
        ("bytes_received", c_uint64),
    ]


class Reading(ctypes.Structure):
    _fields_ = [("short_identifiers", c_uint32), ("max_response", c_size_t)]


class ChipCommand(ctypes.Structure):
    _fields_ = [
        ("public_key", POINTER(c_uint8)),
        ("public_key_len", c_size_t),
        ("protocol", c_char_p),
        ("key_id", c_uint64),
        ("has_key_id", c_uint32),
        ("commands", c_void_p),
    ]


class Refused(Exception):
    """A function of librda returned something other than RDA_CODE_OK."""

    def __init__(self, code, error):
        self.code = code
        self.text_key = error.text_key.decode()
        super().__init__(f"{self.text_key}: {error.message.decode()}")


class Librda:
    """The functions of the library, with a last error behind each refusal."""

    def __init__(self, path):
        self.functions = ctypes.CDLL(path)
        for kind in ("terminal", "verifier", "store"):
            last = getattr(self.functions, f"rda_{kind}_last_error")
            last.argtypes, last.restype = [c_void_p], POINTER(Error)
            free = getattr(self.functions, f"rda_{kind}_free")
            free.argtypes, free.restype = [c_void_p], None
        self.functions.rda_apdu_list_free.argtypes = [c_void_p]
        self.functions.rda_apdu_list_free.restype = None

    def new(self, kind, *arguments):
        handle = c_void_p()
        code = getattr(self.functions, f"rda_{kind}_new")(*arguments, byref(handle))
        if code != OK:
            raise MemoryError(f"rda_{kind}_new: {code}")
        return handle

    def call(self, name, handle, *arguments):
        code = getattr(self.functions, f"rda_{name}")(handle, *arguments)
        if code != OK:
            kind = name.split("_")[0]
            raise Refused(code, getattr(self.functions, f"rda_{kind}_last_error")(handle)[0])

    def bytes(self, name, handle, *arguments):
        """Calls a function whose last parameter takes bytes, and gives them back wiped."""
        out = Bytes()
        self.call(name, handle, *arguments, byref(out))
        try:
            return ctypes.string_at(out.data, out.len) if out.len else b""
        finally:
            self.functions.rda_bytes_free(byref(out))


def sized(data):
    """A pointer and a length, or none."""
    return (c_char_p(data) if data else None), c_size_t(len(data))


def login(rda, simulator, chip, holder):
    simulator.rda_simulator_csca.restype = c_char_p
    csca = simulator.rda_simulator_csca(TRAVEL_DOCUMENT)
    handles = []

    def new(kind, *arguments):
        handles.append((kind, rda.new(kind, *arguments)))
        return handles[-1][1]

    # They must live as long as the terminal: ctypes frees a callback that nobody holds.
    @TRANSMIT
    def transmit(_context, command, command_len, response, response_len):
        return simulator.rda_simulator_transmit(chip, command, c_size_t(command_len), response, response_len)

    @RESET
    def reset(_context):
        return simulator.rda_simulator_reset(chip)

    try:
        store = new("store")
        rda.call("store_add_certificates", store, TRAVEL_DOCUMENT, b"NLD", *sized(csca), None)
        verifier = new("verifier", TRAVEL_DOCUMENT, 0)
        challenge = (c_uint8 * 8)()
        rda.call("verifier_make_challenge", verifier, challenge)

        terminal = new("terminal")
        rda.call("terminal_set_transport", terminal, transmit, reset, PROGRESS(), None)
        rda.call("terminal_add_mrz", terminal, *(field.encode() for field in holder))
        rda.call("terminal_open", terminal)
        files = {}
        for file in (CARD_ACCESS, SOD, DG14, DG15):
            try:
                files[file] = rda.bytes("terminal_read", terminal, file)
            except Refused as refusal:
                if refusal.code != FILE_NOT_FOUND:
                    raise
                files[file] = b""
        signature = b""
        if files[DG15]:
            signature = rda.bytes("terminal_active_authentication", terminal, challenge)

        try:
            now = c_int64(int(time.time()))
            rda.call("verifier_verify_signature", verifier, store, b"NLD", now, *sized(files[SOD]))
            parts = [*sized(files[CARD_ACCESS]), *sized(files[DG14]), *sized(files[DG15])]
            rda.call("verifier_verify_files", verifier, *parts)
            rda.call("verifier_verify_active_authentication", verifier, *sized(signature))
            link, command = Conversation(), ChipCommand()
            rda.call("terminal_conversation", terminal, byref(link))
            reading = Reading(link.short_identifiers, link.max_response)
            try:
                rda.call("verifier_prepare_chip_authentication", verifier, byref(reading), byref(command))
            except Refused as refusal:
                if refusal.code != NO_CHIP_PROOF:
                    raise
                dg1 = rda.bytes("terminal_read", terminal, DG1)
                rda.call("verifier_verify_identity_file", verifier, *sized(dg1))
            else:
                answers = c_void_p()
                rda.call("terminal_chip_authentication", terminal, byref(command), byref(answers))
                handles.append(("apdu_list", answers))
                rda.call("verifier_verify_chip_authentication", verifier, answers)
            genuine = len(rda.bytes("verifier_mrz", verifier)) == 88
        except Refused as refusal:
            print(f"refused: {refusal}", file=sys.stderr)
            genuine = False
        print(rda.bytes("verifier_verdict_json", verifier).decode())
        return genuine
    finally:
        for kind, handle in reversed(handles):
            getattr(rda.functions, f"rda_{kind}_free")(handle)


def main():
    if len(sys.argv) != 7:
        sys.exit(__doc__)
    rda, simulator = Librda(sys.argv[1]), ctypes.CDLL(sys.argv[2])
    simulator.rda_simulator_chip_new.restype = c_void_p
    simulator.rda_simulator_chip_free.argtypes = [c_void_p]
    chip = c_void_p(simulator.rda_simulator_chip_new(sys.argv[3].encode(), c_uint64(1)))
    try:
        return 0 if login(rda, simulator, chip, sys.argv[4:]) else 1
    finally:
        simulator.rda_simulator_chip_free(chip)


if __name__ == "__main__":
    sys.exit(main())
