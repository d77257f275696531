# Twin of reject/d1-no-instruction.s, without the fault.
function f
        .byte 0x90
        ret
end f
