# D3. 66 on a conditional jump.
function f
bad:    .byte 0x66,0x0f,0x84,0,0,0,0
        ret
end f
