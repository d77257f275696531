# Twin of reject/m1-esp-base.s, without the fault.
function f
        movl %gs:(%ebp), %ecx
        ret
end f
