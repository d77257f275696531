# M1. The operand of a VEX instruction.
function f
bad:    vmovups (%rax,%rcx,8), %ymm0
        ret
end f
