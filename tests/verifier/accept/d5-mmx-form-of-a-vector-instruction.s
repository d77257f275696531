# Twin of reject/d5-mmx-form-of-a-vector-instruction.s, without the fault.
function f
        .byte 0x66,0x0f,0xfc,0xc1
        ret
end f
