# D4. ModRM.reg of setcc says nothing.
function f
bad:    .byte 0x0f,0x94,0xc9
        ret
end f
