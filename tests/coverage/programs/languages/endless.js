const words = Array.from({ length: 1 << 17 }, (_, word) => String(word * 8).padStart(7, '0') + ' ');
console.log(words.join(''));
console.error(words.join(''));
