# M5. String instructions have addresses of their own.
.set REACHES_BLOCKS, 1
function f
bad:    .byte 0x64, 0x67, 0xac
        ret
end f
