import java.nio.file.Files;
import java.nio.file.Path;

/** Endless.java COUNT: endless.c in Java. */
class Endless {
	public static void main(String[] args) throws Exception {
		long count = Long.parseLong(args[0]);
		String payload = Files.readString(Path.of("/sync/payload"));
		Files.readAllBytes(Path.of("/sync/go"));
		for (long i = 0; i < count; i++)
			System.out.print(payload);
		System.out.flush();
		Files.createFile(Path.of("/sync/printed"));
		Files.readAllBytes(Path.of("/sync/finish"));
	}
}
