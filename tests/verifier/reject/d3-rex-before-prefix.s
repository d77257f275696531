# D3. A prefix after REX: the processor drops that REX.
function f
bad:    .byte 0x48,0x66,0x89,0xc8
        ret
end f
