# D3. Two segments, the other way round.
.set REACHES_BLOCKS, 1
function f
bad:    .byte 0x65, 0x64, 0x67, 0x8b, 0x08
        ret
end f
