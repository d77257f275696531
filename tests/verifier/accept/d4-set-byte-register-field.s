# Twin of reject/d4-set-byte-register-field.s, without the fault.
function f
        .byte 0x0f,0x94,0xc1
        ret
end f
