// Bouncy Castle for bench/compare. Debian 12 has 1.72, with Kyber and Dilithium of round 3: the
// same work as ML-KEM and ML-DSA, other bytes.
import java.security.SecureRandom;
import java.util.Arrays;
import org.bouncycastle.crypto.AsymmetricCipherKeyPair;
import org.bouncycastle.crypto.SecretWithEncapsulation;
import org.bouncycastle.pqc.crypto.crystals.dilithium.DilithiumKeyGenerationParameters;
import org.bouncycastle.pqc.crypto.crystals.dilithium.DilithiumKeyPairGenerator;
import org.bouncycastle.pqc.crypto.crystals.dilithium.DilithiumParameters;
import org.bouncycastle.pqc.crypto.crystals.dilithium.DilithiumSigner;
import org.bouncycastle.pqc.crypto.crystals.kyber.KyberKEMExtractor;
import org.bouncycastle.pqc.crypto.crystals.kyber.KyberKEMGenerator;
import org.bouncycastle.pqc.crypto.crystals.kyber.KyberKeyGenerationParameters;
import org.bouncycastle.pqc.crypto.crystals.kyber.KyberKeyPairGenerator;
import org.bouncycastle.pqc.crypto.crystals.kyber.KyberParameters;
import org.bouncycastle.pqc.crypto.crystals.kyber.KyberPrivateKeyParameters;

public class BouncyCastle {
  static final int RUNS = 7;
  static final long RUN_NS =
      1_000_000L * Long.parseLong(System.getenv().getOrDefault("V100_COMPARE_MS", "60"));
  static final SecureRandom random = new SecureRandom();

  static void row(String operation, Runnable work) {
    long until = System.nanoTime() + 10 * RUN_NS; // the JIT's time
    int calls = 0;
    while (System.nanoTime() < until || calls < 3) {
      work.run();
      ++calls;
    }
    int perRun = Math.max(1, calls / 10);
    double[] us = new double[RUNS];
    var threads = java.lang.management.ManagementFactory.getThreadMXBean();
    for (int run = 0; run < RUNS; ++run) {
      long begin = threads.getCurrentThreadCpuTime();
      for (int i = 0; i < perRun; ++i) {
        work.run();
      }
      us[run] = (threads.getCurrentThreadCpuTime() - begin) / 1e3 / perRun;
    }
    Arrays.sort(us);
    String version = new org.bouncycastle.jce.provider.BouncyCastleProvider().getVersionStr();
    System.out.printf(
        "{\"library\":\"Bouncy Castle\",\"version\":\"Bouncy Castle %s, Java %s\","
            + "\"operation\":\"%s\",\"variant\":\"round 3\",\"us\":%.3f,\"us_min\":%.3f,"
            + "\"us_max\":%.3f}%n",
        version, System.getProperty("java.version"), operation, us[RUNS / 2], us[0],
        us[RUNS - 1]);
  }

  static void kem(String name, KyberParameters parameters) {
    var generator = new KyberKeyPairGenerator();
    generator.init(new KyberKeyGenerationParameters(random, parameters));
    AsymmetricCipherKeyPair pair = generator.generateKeyPair();
    SecretWithEncapsulation sent = new KyberKEMGenerator(random).generateEncapsulated(pair.getPublic());
    byte[] ciphertext = sent.getEncapsulation();
    var extractor = new KyberKEMExtractor((KyberPrivateKeyParameters) pair.getPrivate());
    row(name + "/keygen", generator::generateKeyPair);
    row(name + "/encaps", () -> new KyberKEMGenerator(random).generateEncapsulated(pair.getPublic()));
    row(name + "/decaps", () -> extractor.extractSecret(ciphertext));
  }

  static void signature(String name, DilithiumParameters parameters) {
    var generator = new DilithiumKeyPairGenerator();
    generator.init(new DilithiumKeyGenerationParameters(random, parameters));
    AsymmetricCipherKeyPair pair = generator.generateKeyPair();
    byte[] message = new byte[59];
    var signer = new DilithiumSigner();
    signer.init(true, pair.getPrivate());
    byte[] signature = signer.generateSignature(message);
    var verifier = new DilithiumSigner();
    verifier.init(false, pair.getPublic());
    if (!verifier.verifySignature(message, signature)) {
      throw new IllegalStateException("Bouncy Castle does not verify itself");
    }
    row(name + "/keygen", generator::generateKeyPair);
    row(name + "/sign", () -> signer.generateSignature(message));
    row(name + "/verify", () -> verifier.verifySignature(message, signature));
  }

  public static void main(String[] arguments) {
    kem("ml-kem-512", KyberParameters.kyber512);
    kem("ml-kem-768", KyberParameters.kyber768);
    kem("ml-kem-1024", KyberParameters.kyber1024);
    signature("ml-dsa-44", DilithiumParameters.dilithium2);
    signature("ml-dsa-65", DilithiumParameters.dilithium3);
    signature("ml-dsa-87", DilithiumParameters.dilithium5);
  }
}
