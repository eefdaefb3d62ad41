class Endless {
	public static void main(String[] arguments) {
		StringBuilder line = new StringBuilder();
		for (int at = 0; at < 1 << 20; at += 8)
			line.append(String.format("%07d ", at));
		System.out.println(line);
		System.err.println(line);
	}
}
