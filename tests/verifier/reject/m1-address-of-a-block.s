# M1. lea has no segment.
.set REACHES_BLOCKS, 1
function f
bad:    .byte 0x64, 0x67, 0x8d, 0x00
        ret
end f
