import com.sun.jna.Callback;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import com.sun.jna.ptr.PointerByReference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A terminal and a verifier in one process, over JNA: reads a simulated passport and judges it.
 *
 * <pre>java -cp jna.jar:. Login LIBRDA LIBRDA_SIMULATOR PROFILE DOCUMENT-NUMBER BIRTH EXPIRY</pre>
 *
 * Prints the verdict as JSON, and ends with 0 if the document is genuine and 1 if it is refused. With a real document,
 * {@link Link#transmit} hands the command to your reader instead (javax.smartcardio: {@code CardChannel.transmit}).
 *
 * size_t is a long here: this example is for 64-bit systems.
 */
public final class Login {
    static final int OK = 0;
    static final int FILE_NOT_FOUND = 32;
    static final int NO_CHIP_PROOF = 57;
    static final int TRAVEL_DOCUMENT = 1;
    static final int DG1 = 1, DG14 = 14, DG15 = 15, CARD_ACCESS = 28, SOD = 29;

    /** RdaTransmit. */
    public interface Transmit extends Callback {
        int invoke(Pointer context, Pointer command, long commandLen, Pointer response, Pointer responseLen);
    }

    /** RdaReset. */
    public interface Reset extends Callback {
        int invoke(Pointer context);
    }

    @Structure.FieldOrder({"data", "len"})
    public static final class Bytes extends Structure {
        public Pointer data;
        public long len;
    }

    @Structure.FieldOrder({"code", "statusWord", "keysLeft", "textKey", "message"})
    public static final class RdaError extends Structure {
        public int code;
        public short statusWord;
        public int keysLeft;
        public Pointer textKey;
        public Pointer message;

        RdaError(Pointer at) {
            super(at);
            read();
        }
    }

    @Structure.FieldOrder({
        "access", "shortIdentifiers", "maxCommand", "maxResponse", "apdus", "resumes", "bytesSent", "bytesReceived"
    })
    public static final class Conversation extends Structure {
        public int access, shortIdentifiers;
        public long maxCommand, maxResponse;
        public int apdus, resumes;
        public long bytesSent, bytesReceived;
    }

    @Structure.FieldOrder({"shortIdentifiers", "maxResponse"})
    public static final class Reading extends Structure {
        public int shortIdentifiers;
        public long maxResponse;
    }

    @Structure.FieldOrder({"publicKey", "publicKeyLen", "protocol", "keyId", "hasKeyId", "commands"})
    public static final class ChipCommand extends Structure {
        public Pointer publicKey;
        public long publicKeyLen;
        public Pointer protocol;
        public long keyId;
        public int hasKeyId;
        public Pointer commands;
    }

    /** The functions that this example uses. */
    public interface Rda extends Library {
        int rda_abi_version();

        int rda_terminal_new(PointerByReference out);

        void rda_terminal_free(Pointer terminal);

        Pointer rda_terminal_last_error(Pointer terminal);

        int rda_terminal_set_transport(
                Pointer terminal, Transmit transmit, Reset reset, Callback progress, Pointer context);

        int rda_terminal_add_mrz(Pointer terminal, String number, String birth, String expiry);

        int rda_terminal_open(Pointer terminal);

        int rda_terminal_read(Pointer terminal, int file, Bytes content);

        int rda_terminal_active_authentication(Pointer terminal, byte[] challenge, Bytes signature);

        int rda_terminal_chip_authentication(Pointer terminal, ChipCommand command, PointerByReference answers);

        int rda_terminal_conversation(Pointer terminal, Conversation conversation);

        int rda_store_new(PointerByReference out);

        void rda_store_free(Pointer store);

        Pointer rda_store_last_error(Pointer store);

        int rda_store_add_certificates(Pointer store, int kind, String state, byte[] file, long len, Pointer added);

        int rda_verifier_new(int kind, int policy, PointerByReference out);

        void rda_verifier_free(Pointer verifier);

        Pointer rda_verifier_last_error(Pointer verifier);

        int rda_verifier_make_challenge(Pointer verifier, byte[] challenge);

        int rda_verifier_verify_signature(
                Pointer verifier, Pointer store, String state, long time, byte[] sod, long len);

        int rda_verifier_verify_files(
                Pointer verifier, byte[] cardAccess, long cardAccessLen, byte[] dg14, long dg14Len, byte[] dg15,
                long dg15Len);

        int rda_verifier_verify_active_authentication(Pointer verifier, byte[] signature, long len);

        int rda_verifier_prepare_chip_authentication(Pointer verifier, Reading reading, ChipCommand command);

        int rda_verifier_verify_chip_authentication(Pointer verifier, Pointer answers);

        int rda_verifier_verify_identity_file(Pointer verifier, byte[] file, long len);

        int rda_verifier_verdict_json(Pointer verifier, Bytes json);

        int rda_verifier_mrz(Pointer verifier, Bytes mrz);

        void rda_bytes_free(Bytes bytes);

        void rda_apdu_list_free(Pointer list);
    }

    /** The simulated chip. */
    public interface Simulator extends Library {
        Pointer rda_simulator_chip_new(String profile, long seed);

        void rda_simulator_chip_free(Pointer chip);

        int rda_simulator_transmit(
                Pointer chip, Pointer command, long commandLen, Pointer response, Pointer responseLen);

        int rda_simulator_reset(Pointer chip);

        String rda_simulator_csca(int kind);
    }

    /** A function of librda returned something other than RDA_CODE_OK. */
    static final class Refused extends Exception {
        private static final long serialVersionUID = 1L;
        final int code;

        Refused(int code, Pointer last) {
            super(words(last));
            this.code = code;
        }

        private static String words(Pointer last) {
            RdaError error = new RdaError(last);
            return error.textKey.getString(0) + ": " + error.message.getString(0);
        }
    }

    private interface Filling {
        int into(Bytes out);
    }

    private final Rda rda;
    private final Simulator simulator;
    private final Deque<Runnable> frees = new ArrayDeque<>();

    private Login(Rda rda, Simulator simulator) {
        this.rda = rda;
        this.simulator = simulator;
    }

    private static void must(int code, Pointer last) throws Refused {
        if (code != OK) {
            throw new Refused(code, last);
        }
    }

    /** Calls a function that gives bytes, and has them wiped there. */
    private byte[] bytes(Filling function, Pointer handle, boolean ofTerminal) throws Refused {
        Bytes out = new Bytes();
        int code = function.into(out);
        if (code != OK) {
            throw new Refused(
                    code, ofTerminal ? rda.rda_terminal_last_error(handle) : rda.rda_verifier_last_error(handle));
        }
        try {
            return out.len == 0 ? new byte[0] : out.data.getByteArray(0, (int) out.len);
        } finally {
            rda.rda_bytes_free(out);
        }
    }

    private byte[] readOrNull(Pointer terminal, int file) throws Refused {
        try {
            return bytes(out -> rda.rda_terminal_read(terminal, file, out), terminal, true);
        } catch (Refused refused) {
            if (refused.code == FILE_NOT_FOUND) {
                return null;
            }
            throw refused;
        }
    }

    private static long len(byte[] data) {
        return data == null ? 0 : data.length;
    }

    private boolean login(Pointer chip, String number, String birth, String expiry) throws Refused {
        PointerByReference out = new PointerByReference();
        // Held in variables: JNA frees a callback that nobody holds.
        Transmit transmit = (context, command, commandLen, response, responseLen) ->
                simulator.rda_simulator_transmit(chip, command, commandLen, response, responseLen);
        Reset reset = context -> simulator.rda_simulator_reset(chip);
        try {
            must(rda.rda_store_new(out), null);
            Pointer store = out.getValue();
            frees.push(() -> rda.rda_store_free(store));
            byte[] csca = simulator.rda_simulator_csca(TRAVEL_DOCUMENT).getBytes(StandardCharsets.US_ASCII);
            must(rda.rda_store_add_certificates(store, TRAVEL_DOCUMENT, "NLD", csca, csca.length, null),
                    rda.rda_store_last_error(store));

            must(rda.rda_verifier_new(TRAVEL_DOCUMENT, 0, out), null);
            Pointer verifier = out.getValue();
            frees.push(() -> rda.rda_verifier_free(verifier));
            byte[] challenge = new byte[8];
            must(rda.rda_verifier_make_challenge(verifier, challenge), rda.rda_verifier_last_error(verifier));

            must(rda.rda_terminal_new(out), null);
            Pointer terminal = out.getValue();
            frees.push(() -> rda.rda_terminal_free(terminal));
            must(rda.rda_terminal_set_transport(terminal, transmit, reset, null, null),
                    rda.rda_terminal_last_error(terminal));
            must(rda.rda_terminal_add_mrz(terminal, number, birth, expiry), rda.rda_terminal_last_error(terminal));
            must(rda.rda_terminal_open(terminal), rda.rda_terminal_last_error(terminal));
            byte[] cardAccess = readOrNull(terminal, CARD_ACCESS);
            byte[] sod = readOrNull(terminal, SOD);
            byte[] dg14 = readOrNull(terminal, DG14);
            byte[] dg15 = readOrNull(terminal, DG15);
            byte[] signature = dg15 == null ? null
                    : bytes(to -> rda.rda_terminal_active_authentication(terminal, challenge, to), terminal, true);

            boolean genuine;
            try {
                long now = System.currentTimeMillis() / 1000;
                must(rda.rda_verifier_verify_signature(verifier, store, "NLD", now, sod, len(sod)),
                        rda.rda_verifier_last_error(verifier));
                must(rda.rda_verifier_verify_files(
                                verifier, cardAccess, len(cardAccess), dg14, len(dg14), dg15, len(dg15)),
                        rda.rda_verifier_last_error(verifier));
                must(rda.rda_verifier_verify_active_authentication(verifier, signature, len(signature)),
                        rda.rda_verifier_last_error(verifier));
                Conversation link = new Conversation();
                must(rda.rda_terminal_conversation(terminal, link), rda.rda_terminal_last_error(terminal));
                Reading reading = new Reading();
                reading.shortIdentifiers = link.shortIdentifiers;
                reading.maxResponse = link.maxResponse;
                ChipCommand command = new ChipCommand();
                int prepared = rda.rda_verifier_prepare_chip_authentication(verifier, reading, command);
                if (prepared == NO_CHIP_PROOF) {
                    byte[] dg1 = bytes(to -> rda.rda_terminal_read(terminal, DG1, to), terminal, true);
                    must(rda.rda_verifier_verify_identity_file(verifier, dg1, len(dg1)),
                            rda.rda_verifier_last_error(verifier));
                } else {
                    must(prepared, rda.rda_verifier_last_error(verifier));
                    must(rda.rda_terminal_chip_authentication(terminal, command, out),
                            rda.rda_terminal_last_error(terminal));
                    Pointer answers = out.getValue();
                    frees.push(() -> rda.rda_apdu_list_free(answers));
                    must(rda.rda_verifier_verify_chip_authentication(verifier, answers),
                            rda.rda_verifier_last_error(verifier));
                }
                genuine = bytes(to -> rda.rda_verifier_mrz(verifier, to), verifier, false).length == 88;
            } catch (Refused refused) {
                System.err.println("refused: " + refused.getMessage());
                genuine = false;
            }
            byte[] json = bytes(to -> rda.rda_verifier_verdict_json(verifier, to), verifier, false);
            System.out.println(new String(json, StandardCharsets.UTF_8));
            return genuine;
        } finally {
            frees.forEach(Runnable::run);
        }
    }

    public static void main(String[] arguments) throws Refused {
        if (arguments.length != 6) {
            System.err.println("usage: Login LIBRDA LIBRDA_SIMULATOR PROFILE DOCUMENT-NUMBER BIRTH EXPIRY");
            System.exit(2);
        }
        Rda rda = Native.load(arguments[0], Rda.class);
        Simulator simulator = Native.load(arguments[1], Simulator.class);
        Pointer chip = simulator.rda_simulator_chip_new(arguments[2], 1);
        boolean genuine = new Login(rda, simulator).login(chip, arguments[3], arguments[4], arguments[5]);
        simulator.rda_simulator_chip_free(chip);
        System.exit(genuine ? 0 : 1);
    }
}
