<?php
$line = '';
for ($at = 0; $at < 1 << 20; $at += 8) {
    $line .= sprintf('%07d ', $at);
}
echo $line, "\n";
fwrite(STDERR, "$line\n");
