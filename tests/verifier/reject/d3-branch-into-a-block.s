# D3. No branch has a segment.
.set REACHES_BLOCKS, 1
function f
bad:    .byte 0x64, 0x74, 0x00
        ret
end f
