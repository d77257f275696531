# D5. Another encoding of the same fence.
function f
bad:    .byte 0x0f,0xae,0xe9
        ret
end f
