fn main() {
    let line: String = (0..1 << 20).step_by(8).map(|at| format!("{:07} ", at)).collect();
    println!("{}", line);
    eprintln!("{}", line);
}
